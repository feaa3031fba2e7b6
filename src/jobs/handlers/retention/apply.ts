import type { DataSource, QueryRunner } from 'typeorm';

import { newOperation, recordAction } from '../../../dead-letters/audit.ts';
import type { ObjectStorage } from '../../../storage/object-storage.ts';
import { countExports, deleteExports } from './exports.ts';
import { type RetentionRule, retentionRules } from './rules.ts';

/** Rows deleted by one statement: few enough that nobody waits for their locks. */
const batchRows = 1_000;

/** Of all processes one deletes at a time. The key is any number that no other lock of ours has. */
const lock = 7_232_004;

/** Days after which what is left of an upload belongs to nobody. */
const abandonedDays = 1;

const day = 86_400_000;

export interface RetentionOptions {
  /** Whole days; DATA_RETENTION_DAYS. At least 1. */
  readonly days: number;
  readonly storage: ObjectStorage;
  /** Only counts. @default false */
  readonly dryRun?: boolean;
  /** Stops between two statements. */
  readonly signal?: AbortSignal;
  /** Told before each table. @param fraction 0 to 1 */
  readonly onProgress?: (fraction: number, table: string) => void;
  /** Rows of one statement. @default 1000 */
  readonly batch?: number;
}

export interface Retained {
  readonly dryRun: boolean;
  /** What is older was deleted; by the clock of the database. */
  readonly cutoff: Date;
  /** Rows deleted, or, in a dry run, rows too old, by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Uploads that were cut off a day ago or earlier, deleted; not counted in a dry run. */
  readonly abandonedUploads: number;
}

const rowsOf = async (
  runner: QueryRunner,
  sql: string,
  parameters: unknown[],
): Promise<number> => {
  const [row] = (await runner.query(sql, parameters)) as { rows: number }[];
  return row?.rows ?? 0;
};

const deleteOld = async (
  runner: QueryRunner,
  rule: RetentionRule,
  cutoff: Date,
  batch: number,
  signal: AbortSignal,
): Promise<number> => {
  let rows = 0;
  for (;;) {
    signal.throwIfAborted();
    const deleted = await rowsOf(runner, rule.delete, [cutoff, batch]);
    rows += deleted;
    if (deleted < batch) return rows;
  }
};

const record = async (
  runner: QueryRunner,
  days: number,
  { cutoff, rows, abandonedUploads }: Retained,
): Promise<void> =>
  recordAction(runner.manager, {
    operation: newOperation(),
    action: 'retention.apply',
    actor: 'nightshift',
    filter: { days, cutoff: cutoff.toISOString() },
    counts: { ...rows, abandonedUploads },
  });

const apply = async (
  runner: QueryRunner,
  options: RetentionOptions,
): Promise<Retained> => {
  const { days, storage, dryRun = false, batch = batchRows } = options;
  const { signal = new AbortController().signal, onProgress } = options;
  const [{ cutoff }] = (await runner.query(
    'select now() - make_interval(days => $1) as cutoff',
    [days],
  )) as [{ cutoff: Date }];
  const rows: Record<string, number> = {};
  for (const [index, rule] of retentionRules.entries()) {
    onProgress?.(index / (retentionRules.length + 1), rule.table);
    rows[rule.table] = dryRun
      ? await rowsOf(runner, rule.count, [cutoff])
      : await deleteOld(runner, rule, cutoff, batch, signal);
  }
  // Last: a storage that is away must not keep the tables from being cleaned.
  onProgress?.(retentionRules.length / (retentionRules.length + 1), 'export');
  rows.export = dryRun
    ? await countExports(runner, cutoff)
    : await deleteExports(runner, storage, cutoff, signal);
  const abandonedUploads = dryRun
    ? 0
    : await storage.deleteAbandoned(new Date(Date.now() - abandonedDays * day));
  const retained = { dryRun, cutoff, rows, abandonedUploads };
  const deleted = Object.values(rows).some((count) => count > 0);
  if (!dryRun && (deleted || abandonedUploads > 0))
    await record(runner, days, retained);
  return retained;
};

/**
 * Deletes what is older than some days, in small steps: audit log, sent messages, notifications, finished jobs
 * with their attempts, dead letters that are resolved or redriven, reports of reconciliations, settled
 * deliveries of webhooks, and exports with their objects. Never an open dead letter. What was deleted is a line in the audit log.
 *
 * @returns undefined if another process does this right now.
 * @throws the signal's reason; what was deleted by then stays deleted, and the next run goes on.
 */
export const applyRetention = async (
  con: DataSource,
  options: RetentionOptions,
): Promise<Retained | undefined> => {
  const runner = con.createQueryRunner();
  await runner.connect();
  try {
    const [taken] = (await runner.query(
      'select pg_try_advisory_lock($1) as held',
      [lock],
    )) as { held: boolean }[];
    if (!taken?.held) return undefined;
    try {
      return await apply(runner, options);
    } finally {
      await runner.query('select pg_advisory_unlock($1)', [lock]);
    }
  } finally {
    await runner.release();
  }
};
