import type { ClientBase } from 'pg';

import {
  SlotGoneError,
  SlotLostError,
  SlotMismatchError,
  SlotMissingError,
  WalLevelError,
} from './errors.ts';
import { slotName } from './tables.ts';

/** A replication slot as the server shows it. */
export interface SlotState {
  readonly slot: string;
  readonly plugin: string | null;
  readonly database: string | null;
  readonly currentDatabase: string;
  readonly active: boolean;
  readonly activePid: number | null;
  readonly walStatus: string | null;
  readonly invalidationReason: string | null;
  readonly confirmedLsn: string | null;
  readonly restartLsn: string | null;
  /** Bytes of log that are not confirmed yet. */
  readonly lagBytes: number;
  /** Bytes of log that the slot keeps on disk. */
  readonly retainedBytes: number;
}

/** Runs one query; a pg client's method or the like. */
export type RunQuery = <Row extends object>(
  text: string,
  values: readonly unknown[],
) => Promise<Row[]>;

// to_jsonb, because what column tells of an invalidation differs between server versions.
const slotQuery = `
  select slot_name as slot, plugin, database, current_database() as "currentDatabase",
    active, active_pid as "activePid", wal_status as "walStatus",
    to_jsonb(s) ->> 'invalidation_reason' as "invalidationReason",
    confirmed_flush_lsn::text as "confirmedLsn", restart_lsn::text as "restartLsn",
    coalesce(pg_current_wal_lsn() - confirmed_flush_lsn, 0)::float8 as "lagBytes",
    coalesce(pg_current_wal_lsn() - restart_lsn, 0)::float8 as "retainedBytes"
  from pg_replication_slots s where slot_name = $1`;

/** The state of a slot; undefined if there is none. */
export const readSlot = async (
  run: RunQuery,
  slot = slotName,
): Promise<SlotState | undefined> =>
  (await run<SlotState>(slotQuery, [slot]))[0];

/**
 * @throws SlotMissingError, SlotLostError, SlotMismatchError
 */
export const requireSlot = async (
  run: RunQuery,
  slot = slotName,
): Promise<SlotState> => {
  const state = await readSlot(run, slot);
  if (!state) throw new SlotMissingError(slot);
  if (state.plugin !== 'pgoutput')
    throw new SlotMismatchError(
      slot,
      'a logical slot of pgoutput',
      state.plugin ?? 'a physical slot',
    );
  if (state.database !== state.currentDatabase)
    throw new SlotMismatchError(
      slot,
      `of database ${state.currentDatabase}`,
      `of database ${state.database}`,
    );
  if (state.walStatus === 'lost' || state.invalidationReason)
    throw new SlotLostError(
      slot,
      state.invalidationReason ?? 'wal_status=lost',
    );
  return state;
};

/** Runs queries on a pg client. */
export const runOn =
  (client: Pick<ClientBase, 'query'>): RunQuery =>
  async <Row extends object>(text: string, values: readonly unknown[]) =>
    (await client.query<Row & Record<string, unknown>>(text, [...values])).rows;

const objectExists = '42710';

/**
 * Makes the replication slot unless it is there; only `migrate` does this. On Postgres 17 and newer
 * it fails over to standbys. The client must not be inside of a transaction that has written.
 *
 * @param hadSlot tells whether the database had the slot before; asked only if it is missing.
 * @returns whether it was made.
 * @throws WalLevelError, SlotLostError, SlotMismatchError, SlotGoneError
 */
export const ensureSlot = async (
  client: Pick<ClientBase, 'query'>,
  slot = slotName,
  hadSlot: (run: RunQuery) => Promise<boolean> = () => Promise.resolve(false),
): Promise<boolean> => {
  const run = runOn(client);
  const [settings] = await run<{ walLevel: string; version: number }>(
    `select current_setting('wal_level') as "walLevel", current_setting('server_version_num')::int as version`,
    [],
  );
  if (settings?.walLevel !== 'logical')
    throw new WalLevelError(settings?.walLevel ?? 'nothing');
  if (await readSlot(run, slot)) {
    await requireSlot(run, slot);
    return false;
  }
  if (await hadSlot(run)) throw new SlotGoneError(slot);
  const create =
    settings.version >= 170_000
      ? `select pg_create_logical_replication_slot($1, 'pgoutput', false, false, true)`
      : `select pg_create_logical_replication_slot($1, 'pgoutput')`;
  try {
    await run(create, [slot]);
    return true;
  } catch (error) {
    if (!(
      error instanceof Error &&
      'code' in error &&
      error.code === objectExists
    ))
      throw error;
    // Another migration made it at the same time.
    await requireSlot(run, slot);
    return false;
  }
};
