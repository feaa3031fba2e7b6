import pg from 'pg';

import type { Logger } from '../../logger.ts';
import { SlotMismatchError } from '../errors.ts';
import type { BrokerAddress } from '../publish/broker.ts';
import { readSlot, type RunQuery, runOn } from '../slot.ts';
import { capturedTables, slotName } from '../tables.ts';
import {
  RecoveryRunningError,
  SlotHealthyError,
  SlotHeldError,
} from './errors.ts';
import { createExportedSlot, type ExportedSlot } from './exported-slot.ts';
import { republish } from './republish.ts';
import { readRecoveryState } from './state.ts';

/** Keeps the lock apart from other advisory locks. */
const lockSeed = 7_232_002;

/** Minutes before the recorded position from which events are published again, for transactions that ran then. */
export const MARGIN_MINUTES = 10;

export interface RecoverOptions {
  /** Of a role that may make replication slots. */
  readonly databaseUrl: string;
  /** A client for publishing only. */
  readonly pubsub: BrokerAddress;
  readonly logger: Logger;
  /** @default 'nightshift_cdc' */
  readonly slot?: string;
  /** From when on events are published again. @default the recorded position minus a margin, else all of the outbox */
  readonly since?: Date;
  /** Minutes. @default 10 */
  readonly marginMinutes?: number;
  /** Says what would be done, and does nothing. @default false */
  readonly dryRun?: boolean;
  /** Stops it; what is published stays so, and nobody streams until it was run again. */
  readonly signal: AbortSignal;
  readonly onPublished?: (published: number, events: number) => void;
  readonly onBlocked?: (reason: string) => void;
}

/** What a recovery did, or would do. */
export interface RecoverReport {
  readonly slot: string;
  /** Why there was something to recover. */
  readonly reason: string;
  /** When everything was last known to be published; undefined if nobody recorded it. */
  readonly healthyAt: Date | undefined;
  /** Events created from then on; undefined for all of the outbox. */
  readonly since: Date | undefined;
  readonly events: number;
  /** Whether the slot is one that an unfinished recovery had made, and stays. */
  readonly slotKept: boolean;
  /** Where the new slot begins; undefined in a dry run. */
  readonly consistentPoint: string | undefined;
  /** Tables whose row changes since then are on no topic, and cannot be brought back. */
  readonly tables: readonly string[];
}

interface Need {
  /** Why there is something to recover. */
  readonly reason: string;
  /** Where the slot begins that an unfinished recovery has made; undefined if there is none to go on with. */
  readonly kept: string | undefined;
}

/** @throws RecoveryRefusedError, SlotMismatchError */
const assess = async (
  run: RunQuery,
  slot: string,
  unfinished: boolean,
): Promise<Need> => {
  const state = await readSlot(run, slot);
  if (!state) return { reason: 'the slot is missing', kept: undefined };
  if (state.active) throw new SlotHeldError(slot, state.activePid);
  if (state.plugin !== 'pgoutput' || state.database !== state.currentDatabase)
    throw new SlotMismatchError(
      slot,
      `a slot of pgoutput for database ${state.currentDatabase}`,
      `one of ${state.plugin ?? 'physical replication'} for database ${state.database}`,
    );
  if (state.walStatus === 'lost' || state.invalidationReason)
    return {
      reason: `the slot is lost (${state.invalidationReason ?? 'wal_status=lost'})`,
      kept: undefined,
    };
  if (!unfinished) throw new SlotHealthyError(slot);
  return {
    reason: 'a recovery before was not finished',
    kept: state.confirmedLsn ?? undefined,
  };
};

const earliest = (...dates: readonly (Date | undefined)[]): Date | undefined =>
  dates.includes(undefined)
    ? undefined
    : new Date(Math.min(...dates.map((date) => date?.getTime() ?? 0)));

const countEvents = async (
  run: RunQuery,
  since: Date | undefined,
): Promise<number> => {
  const [row] = await run<{ events: number }>(
    `select count(*)::float8 as events from outbox where $1::timestamptz is null or created_at >= $1`,
    [since ?? null],
  );
  return row?.events ?? 0;
};

/** Said before the slot is touched, so that whoever is killed from here on is not passed over. */
const begin = (run: RunQuery, slot: string, since: Date | undefined) =>
  run(
    `insert into cdc_recovery (slot, since) values ($1, $2)
     on conflict (slot) do update
       set since = excluded.since, started_at = now(), finished_at = null, events = null`,
    [slot, since ?? null],
  );

const finish = (run: RunQuery, slot: string, events: number) =>
  run(
    'update cdc_recovery set finished_at = now(), events = $2 where slot = $1',
    [slot, events],
  );

const makeAnew = async (
  run: RunQuery,
  databaseUrl: string,
  slot: string,
): Promise<ExportedSlot> => {
  await run(
    'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1',
    [slot],
  );
  return createExportedSlot(databaseUrl, slot);
};

const withLock = async <Result>(
  databaseUrl: string,
  slot: string,
  work: (run: RunQuery) => Promise<Result>,
): Promise<Result> => {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'nightshift cdc recover',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const run = runOn(client);
    const [lock] = await run<{ taken: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, $2)) as taken',
      [slot, lockSeed],
    );
    if (!lock?.taken) throw new RecoveryRunningError(slot);
    return await work(run);
  } finally {
    await client.end();
  }
};

/**
 * Makes a replication slot anew that was lost, and publishes again the events of the outbox that nobody
 * may have had: those that were there when the new slot begins, from the last recorded position on. They
 * keep their ids, so that inboxes know what they have had. Whatever is committed later comes from the
 * new slot.
 *
 * Killed at any point, it publishes again from the start: that it was begun is written down before the
 * old slot is dropped, nobody streams and `migrate` makes no slot before it is through. A new slot that
 * was made by then is kept, and what was committed since comes from both.
 *
 * @throws RecoveryRefusedError, SlotMismatchError, before anything is changed; RecoveryStoppedError;
 *   the driver's error.
 */
export const recover = async (
  options: RecoverOptions,
): Promise<RecoverReport> => {
  const { databaseUrl, slot = slotName, dryRun = false } = options;
  return withLock(databaseUrl, slot, async (run) => {
    const state = await readRecoveryState(run, slot);
    const { reason, kept } = await assess(run, slot, state.unfinished);
    const margin = (options.marginMinutes ?? MARGIN_MINUTES) * 60_000;
    const recorded =
      state.healthyAt && new Date(state.healthyAt.getTime() - margin);
    const wanted = options.since ?? recorded;
    // Whoever was killed may have dropped the slot long ago.
    const since = state.unfinished
      ? earliest(wanted, state.unfinishedSince)
      : wanted;
    const events = await countEvents(run, since);
    const report = {
      slot,
      reason,
      healthyAt: state.healthyAt,
      since,
      slotKept: kept !== undefined,
      tables: capturedTables.map(({ table }) => table),
    };
    if (dryRun) return { ...report, events, consistentPoint: undefined };
    await begin(run, slot, since);
    // A slot that the recovery before has made holds row changes already, which would go with it.
    const made =
      kept === undefined ? await makeAnew(run, databaseUrl, slot) : undefined;
    try {
      const published = await republish({
        databaseUrl,
        pubsub: options.pubsub,
        logger: options.logger,
        slot,
        snapshot: made?.snapshot,
        since,
        signal: options.signal,
        onPublished: (count) => options.onPublished?.(count, events),
        onBlocked: (text) => options.onBlocked?.(text),
      });
      await finish(run, slot, published);
      return {
        ...report,
        events: published,
        consistentPoint: made?.consistentPoint ?? kept,
      };
    } finally {
      await made?.close();
    }
  });
};
