import type { EntityManager } from 'typeorm';

import type { ReconciliationDifference } from '../../../entity/index.ts';
import type { Difference } from './chunk.ts';
import type { CounterName } from './counters.ts';

/** Differences that a report keeps; all are counted. */
export const keptDifferences = 1_000;

/** How far a report is; counts as text, as Postgres sends bigints. */
export interface Report {
  /** The last row that was compared; `null` before the first. */
  readonly reached: string | null;
  readonly checked: string;
  readonly differing: string;
  readonly repaired: string;
  readonly finishedAt: Date | null;
}

const columns = `reached, checked, differing, repaired, finished_at as "finishedAt"`;

/** Begins a report, or goes on with one that an earlier attempt began. */
export const openReport = async (
  manager: EntityManager,
  id: string,
  counter: CounterName,
  repair: boolean,
): Promise<Report> => {
  await manager.query(
    `insert into reconciliation_report (id, counter, repair) values ($1, $2, $3)
     on conflict (id) do nothing`,
    [id, counter, repair],
  );
  const [report] = await manager.query<[Report]>(
    `select ${columns} from reconciliation_report where id = $1`,
    [id],
  );
  return report;
};

/** Locks a report, so that of two attempts that overlap each sees what the other has done. */
export const lockReport = async (
  manager: EntityManager,
  id: string,
): Promise<Report | undefined> => {
  const [report] = await manager.query<Report[]>(
    `select ${columns} from reconciliation_report where id = $1 for update`,
    [id],
  );
  return report;
};

/** Keeps rows that differ with their report, each once; `finishReport` says how many stay. */
export const keepDifferences = async (
  manager: EntityManager,
  id: string,
  differences: readonly Difference[],
  repaired: boolean,
): Promise<void> => {
  const kept = differences.slice(0, keptDifferences);
  if (kept.length === 0) return;
  await manager.query(
    `insert into reconciliation_difference (report_id, row_id, stored, counted, repaired)
     select $1, row_id, stored, counted, $5
       from unnest($2::uuid[], $3::bigint[], $4::bigint[]) as given (row_id, stored, counted)
     on conflict do nothing`,
    [
      id,
      kept.map((difference) => difference.id),
      kept.map(({ stored }) => stored),
      kept.map(({ counted }) => counted),
      repaired,
    ],
  );
};

/** Ends a report whose parts were compared apart, with their sums; of the differences the first 1,000 stay. */
export const finishReport = async (
  manager: EntityManager,
  id: string,
  {
    checked,
    differing,
    repaired,
  }: Readonly<Record<'checked' | 'differing' | 'repaired', number>>,
): Promise<void> => {
  await manager.query(
    `delete from reconciliation_difference where report_id = $1 and row_id > (
       select row_id from reconciliation_difference where report_id = $1 order by row_id offset $2 limit 1)`,
    [id, keptDifferences - 1],
  );
  await manager.query(
    `update reconciliation_report set checked = $2, differing = $3, repaired = $4, finished_at = now()
      where id = $1`,
    [id, checked, differing, repaired],
  );
};

/** What a chunk adds to its report. */
export interface Step {
  readonly reached: string;
  readonly checked: number;
  readonly differences: readonly Difference[];
  readonly repaired: boolean;
}

/** Adds a chunk to a report. */
export const addStep = async (
  manager: EntityManager,
  id: string,
  { reached, checked, differences, repaired }: Step,
  before: Report,
): Promise<void> => {
  const room = Math.max(0, keptDifferences - Number(before.differing));
  await keepDifferences(manager, id, differences.slice(0, room), repaired);
  await manager.query(
    `update reconciliation_report
        set reached = $2, checked = checked + $3, differing = differing + $4, repaired = repaired + $5
      where id = $1`,
    [
      id,
      reached,
      checked,
      differences.length,
      repaired ? differences.length : 0,
    ],
  );
};

/** Ends a report. */
export const closeReport = async (
  manager: EntityManager,
  id: string,
): Promise<Report | undefined> => {
  const [rows] = await manager.query<[Report[], number]>(
    `update reconciliation_report set finished_at = coalesce(finished_at, now())
      where id = $1 returning ${columns}`,
    [id],
  );
  return rows[0];
};

/** A row that did not agree; numbers as text, as Postgres sends bigints. */
export type ReportedDifference = Pick<
  ReconciliationDifference,
  'rowId' | 'stored' | 'counted' | 'repaired'
>;

/** Differences of a report in the order of ids, at most `limit`. */
export const listDifferences = (
  manager: EntityManager,
  reportId: string,
  limit: number,
): Promise<ReportedDifference[]> =>
  manager.query(
    `select row_id as "rowId", stored, counted, repaired from reconciliation_difference
      where report_id = $1 order by row_id limit $2`,
    [reportId, limit],
  );

/** Writes down which rows of a report that has ended were set right since. */
export const noteRepairs = async (
  manager: EntityManager,
  reportId: string,
  rows: readonly string[],
): Promise<void> => {
  await manager.query(
    `with noted as (
       update reconciliation_difference set repaired = true
       where report_id = $1 and row_id = any($2) and not repaired returning row_id
     )
     update reconciliation_report set repaired = repaired + (select count(*) from noted) where id = $1`,
    [reportId, rows],
  );
};
