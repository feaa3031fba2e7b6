import type { DataSource, EntityManager } from 'typeorm';
import { NIL } from 'uuid';

import type { JobSchema } from '../../declarations.ts';
import { differencesIn, nextChunk, repair } from './chunk.ts';
import { type Counter, counters } from './counters.ts';
import { addStep, closeReport, lockReport, openReport } from './report.ts';

/** Rows compared by one statement, and locked by one transaction at most. */
const chunkRows = 500;

/** What a reconciliation found; its differences are in `reconciliation_difference`. */
export interface Reconciled {
  readonly reportId: string;
  readonly checked: number;
  readonly differing: number;
  readonly repaired: number;
}

/** Rows of a table as Postgres estimates them, for the progress alone. */
const estimatedRows = async (
  con: DataSource,
  { table }: Counter,
): Promise<number> => {
  const [row] = await con.query<{ rows: number }[]>(
    'select reltuples::float8 as rows from pg_class where oid = $1::regclass',
    [table],
  );
  return Math.max(row?.rows ?? 0, 1);
};

interface Run {
  readonly reportId: string;
  readonly counter: Counter;
  readonly repairs: boolean;
  readonly limit: number;
}

/** Compares one chunk, in one transaction with its part of the report. @returns rows compared so far. */
const step = async (
  manager: EntityManager,
  { reportId, counter, repairs, limit }: Run,
): Promise<number | undefined> => {
  const report = await lockReport(manager, reportId);
  if (!report) return undefined;
  const chunk = await nextChunk(manager, counter, report.reached ?? NIL, limit);
  if (!chunk) return undefined;
  const found = await differencesIn(manager, counter, chunk);
  const ids = found.map(({ id }) => id);
  const differences =
    repairs && ids.length > 0 ? await repair(manager, counter, ids) : found;
  await addStep(
    manager,
    reportId,
    {
      reached: chunk.end,
      checked: chunk.rows,
      differences,
      repaired: repairs,
    },
    report,
  );
  return Number(report.checked) + chunk.rows;
};

export interface ReconcileContext {
  readonly con: DataSource;
  /** Ends it between two chunks. */
  readonly signal?: AbortSignal;
  /** Told after each chunk. */
  readonly onProgress?: (fraction: number, at: string) => void;
  /** Rows of a chunk. @default 500 */
  readonly limit?: number;
}

/**
 * Compares a denormalised counter with its source over its whole table, chunk by chunk in the order of ids,
 * and reports the rows that differ; with `repair` it sets them right. Called again with the same id, it goes
 * on where it was.
 *
 * @param reportId the id of the report: a UUID.
 * @throws the signal's reason when it fires.
 */
export const reconcileInto = async (
  reportId: string,
  { counter: name, repair: repairs }: JobSchema['reconcile-counters'],
  { con, signal, onProgress, limit = chunkRows }: ReconcileContext,
): Promise<Reconciled> => {
  const counter = counters[name];
  await openReport(con.manager, reportId, name, repairs);
  const expected = await estimatedRows(con, counter);
  for (;;) {
    signal?.throwIfAborted();
    const checked = await con.transaction((manager) =>
      step(manager, { reportId, counter, repairs, limit }),
    );
    if (checked === undefined) break;
    onProgress?.(Math.min(checked / expected, 0.99), `${checked} rows`);
  }
  const report = await closeReport(con.manager, reportId);
  return {
    reportId,
    checked: Number(report?.checked ?? 0),
    differing: Number(report?.differing ?? 0),
    repaired: Number(report?.repaired ?? 0),
  };
};
