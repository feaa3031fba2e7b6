import type { Catalog } from './catalog.ts';

/** A topic on which nothing of some keys can be published at present. */
export interface HeldUp {
  readonly topic: string;
  readonly reason: string;
  /** Ordering keys that wait. */
  readonly keys: number;
  readonly since: Date;
}

const saveQuery = `
  with held as (
    select * from unnest($2::text[], $3::text[], $4::int[], $5::timestamptz[]) held (topic, reason, keys, since)),
  gone as (
    delete from cdc_held_up where slot = $1 and topic not in (select topic from held))
  insert into cdc_held_up (slot, topic, reason, keys, since)
  select $1, topic, reason, keys, since from held
  on conflict (slot, topic) do update
    set reason = excluded.reason, keys = excluded.keys, since = excluded.since, seen_at = now()`;

/**
 * Writes down what cannot be published, so that the doctor knows it wherever he is asked. Nothing is written
 * while all goes well, but at the first look, which clears what a life before has left.
 *
 * @returns what looks.
 */
export const heldUpRecorder = (
  catalog: Catalog,
  slot: string,
  heldUp: () => readonly HeldUp[],
): (() => Promise<void>) => {
  let isClear = false;
  return async () => {
    const held = heldUp();
    if (isClear && held.length === 0) return;
    isClear = false;
    await catalog.query(saveQuery, [
      slot,
      held.map(({ topic }) => topic),
      held.map(({ reason }) => reason),
      held.map(({ keys }) => keys),
      held.map(({ since }) => since),
    ]);
    isClear = held.length === 0;
  };
};
