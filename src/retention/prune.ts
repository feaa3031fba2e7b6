import type { DataSource, QueryRunner } from 'typeorm';

import { readRecoveryState } from '../cdc/recovery/state.ts';
import { readSlot, type RunQuery } from '../cdc/slot.ts';
import { type RetentionRule, retentionRules } from './rules.ts';

/** Rows deleted by one statement: few enough that nobody waits for their locks. */
const BATCH = 5_000;

/** Statements for one table in one run; what is left is for the next run. */
const BATCHES = 200;

/** Of all processes one prunes at a time. The key is any number that no other lock of ours has. */
const LOCK = 7_232_001;

export interface PruneOptions {
  /** @default now */
  readonly now?: Date;
  /** Only counts. @default false */
  readonly dryRun?: boolean;
  /** Stops between two statements. */
  readonly signal?: AbortSignal;
}

export interface Pruned {
  readonly table: RetentionRule['table'];
  /** Rows deleted, or, in a dry run, rows too old. */
  readonly rows: number;
  /** Why nothing was deleted. */
  readonly skipped?: string;
}

/** Why rows must stay that a new slot would be filled from; undefined if none needs them. */
const slotTrouble = async (
  runner: QueryRunner,
): Promise<string | undefined> => {
  const run: RunQuery = (text, values) => runner.query(text, [...values]);
  const slot = await readSlot(run);
  if (!slot || slot.database !== slot.currentDatabase)
    return 'there is no replication slot';
  if (!slot.active) return 'nobody reads the replication slot';
  if (slot.walStatus !== 'reserved' && slot.walStatus !== 'extended')
    return `the replication slot is ${slot.walStatus ?? 'in no known state'}`;
  if ((await readRecoveryState(run, slot.slot)).unfinished)
    return 'the replication slot is being recovered';
  return undefined;
};

const count = async (
  runner: QueryRunner,
  { table, column }: RetentionRule,
  before: Date,
): Promise<number> => {
  const [row] = (await runner.query(
    `select count(*)::int as rows from ${table} where ${column} < $1`,
    [before],
  )) as { rows: number }[];
  return row?.rows ?? 0;
};

const deleteBatch = async (
  runner: QueryRunner,
  { table, column }: RetentionRule,
  before: Date,
): Promise<number> => {
  const { affected } = await runner.query(
    `delete from ${table} where ctid = any(array(
       select ctid from ${table} where ${column} < $1 order by ${column} limit $2
       for update skip locked))`,
    [before, BATCH],
    true,
  );
  return affected ?? 0;
};

const pruneTable = async (
  runner: QueryRunner,
  rule: RetentionRule,
  { now = new Date(), dryRun = false, signal }: PruneOptions,
): Promise<Pruned> => {
  const before = new Date(now.getTime() - rule.age);
  if (dryRun)
    return { table: rule.table, rows: await count(runner, rule, before) };
  const skipped = rule.needsSlot ? await slotTrouble(runner) : undefined;
  if (skipped !== undefined) return { table: rule.table, rows: 0, skipped };
  let rows = 0;
  for (let batch = 0; batch < BATCHES && !signal?.aborted; batch += 1) {
    const deleted = await deleteBatch(runner, rule, before);
    rows += deleted;
    if (deleted < BATCH) break;
  }
  return { table: rule.table, rows };
};

/**
 * Deletes what is too old of outbox, inbox, delivery failures and recorded deliveries, in small steps.
 *
 * @returns undefined if another process prunes right now.
 */
export const prune = async (
  con: DataSource,
  options: PruneOptions = {},
): Promise<readonly Pruned[] | undefined> => {
  const runner = con.createQueryRunner();
  await runner.connect();
  try {
    const [lock] = (await runner.query(
      'select pg_try_advisory_lock($1) as held',
      [LOCK],
    )) as { held: boolean }[];
    if (!lock?.held) return undefined;
    try {
      const pruned: Pruned[] = [];
      for (const rule of retentionRules)
        pruned.push(await pruneTable(runner, rule, options));
      return pruned;
    } finally {
      await runner.query('select pg_advisory_unlock($1)', [LOCK]);
    }
  } finally {
    await runner.release();
  }
};
