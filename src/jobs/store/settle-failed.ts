import type { EntityManager } from 'typeorm';

import { writeDeadLetter } from '../../dead-letters/desk.ts';
import { shortened, storable } from '../../dead-letters/text.ts';
import type { OnDead, Settled, Settlement } from '../port.ts';
import { archiveFailed } from './archive-failed.ts';
import { isRunning, lookUp, sameKey } from './look-up.ts';
import { keepNotes } from './notes.ts';

/** Characters kept of an error with its attempt. */
const longestError = 4_000;
const longestStack = 16_000;

/** Doubling ends long before the numbers do. */
const mostDoublings = 30;

const statement = `
  with given as (
    select * from jsonb_to_recordset($1) as entry (
      id uuid, fence int, error text, stack text, permanent boolean)
    where ${lookUp('fence')}
  ), failed as (
    update job set
      state = case when permanent or attempt >= attempts then 'failed' else 'scheduled' end,
      failed_at = case when permanent or attempt >= attempts then clock_timestamp() end,
      run_at = case when permanent or attempt >= attempts then run_at
        else clock_timestamp() + interval '1 second' * least(
          coalesce((backoff ->> 'longest')::float8, 3600),
          (backoff ->> 'seconds')::float8 * case when backoff ->> 'growth' = 'fixed' then 1
            else power(2, least(attempt - 1, ${mostDoublings})) end) end,
      lease_until = null
    from given
    where ${sameKey('job', 'given', 'id', 'fence')} and ${isRunning}
    returning job.*, given.error, given.stack
  ), kept as (
    insert into job_attempt (job_id, fence, attempt, worker, started_at, ended_at, error, error_stack)
    select id, fence, attempt, worker, started_at, clock_timestamp(), error, stack from failed
    on conflict (job_id, fence) do update set
      ended_at = excluded.ended_at, error = excluded.error, error_stack = excluded.error_stack
  )
  select id, fence, state, queue, name, payload, attempt, tenant, key, rerun, cause, traceparent from failed`;

interface FailedRow {
  readonly id: string;
  readonly fence: number;
  readonly state: 'failed' | 'scheduled';
  readonly queue: string;
  readonly name: string;
  readonly payload: unknown;
  readonly attempt: number;
  readonly tenant: string;
  readonly key: string | null;
  readonly rerun: boolean;
  readonly cause: string | null;
  readonly traceparent: string | null;
}

/** The entry at the desk: of the queue, about the job; a run again counts its one attempt. */
const toDesk = (
  manager: EntityManager,
  row: FailedRow,
  error: Error,
): Promise<boolean> =>
  writeDeadLetter(manager, {
    source: 'job',
    subscription: row.queue,
    topic: row.name,
    identity: row.id,
    eventId: row.id,
    orderingKey: row.key ?? '',
    payload: Buffer.from(JSON.stringify(row.payload)),
    attributes: {
      ...(row.tenant !== '' && { tenant: row.tenant }),
      ...(row.cause !== null && { cause: row.cause }),
      ...(row.traceparent !== null && { traceparent: row.traceparent }),
    },
    error,
    attempts: row.rerun ? 1 : row.attempt,
  });

// Cut first: a cut may leave half a character, which Postgres refuses.
const failureOf = ({ id, fence, outcome }: Settlement) => {
  if (outcome.type !== 'failed') throw new TypeError('expected a failure');
  const { error, permanent } = outcome;
  return {
    id,
    fence,
    error: storable(shortened(`${error.name}: ${error.message}`, longestError)),
    stack: error.stack
      ? storable(shortened(error.stack, longestStack))
      : undefined,
    permanent,
  };
};

/**
 * Writes failures down: another attempt after the backoff, or, if that was the last one, the state
 * `failed` and an entry at the dead-letter desk. Belongs in a transaction. Where somebody else keeps the
 * outcome of such jobs (`onDead`), they are told instead, and the job goes into the archive.
 *
 * @returns what became of each job that still had this owner, by its id.
 */
export const settleFailed = async (
  manager: EntityManager,
  settlements: readonly Settlement[],
  onDead: (name: string) => OnDead | undefined,
): Promise<ReadonlyMap<string, Settled>> => {
  await keepNotes(manager, settlements);
  const rows = await manager.query<FailedRow[]>(statement, [
    JSON.stringify(settlements.map(failureOf)),
  ]);
  const errors = new Map(
    settlements.map(({ id, outcome }) => [
      id,
      outcome.type === 'failed' ? outcome.error : new Error('unknown'),
    ]),
  );
  const kept = new Map<OnDead, FailedRow[]>();
  for (const row of rows) {
    if (row.state !== 'failed') continue;
    const keeper = onDead(row.name);
    if (keeper) kept.set(keeper, [...(kept.get(keeper) ?? []), row]);
    else await toDesk(manager, row, errors.get(row.id)!);
  }
  for (const [keeper, dead] of kept) {
    await archiveFailed(
      manager,
      dead.map(({ id }) => id),
    );
    await keeper(
      manager,
      dead.map((row) => ({ ...row, error: errors.get(row.id)! })),
    );
  }
  return new Map(
    rows.map(({ id, state }) => [
      id,
      state === 'failed' ? 'exhausted' : 'retried',
    ]),
  );
};
