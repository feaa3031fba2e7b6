import type { DataSource, EntityManager } from 'typeorm';

import type { ReadCompleted } from './statistics.ts';

/** Seconds of a step, and steps of an hour. */
const step = 10;
const steps = 360;
/** Steps that may still get jobs whose transaction commits late. */
const open = 3;

interface Row {
  readonly at: number;
  readonly queue: string;
  readonly completed: number;
}

const nowSql = `select floor(extract(epoch from now()) / ${step})::int as now`;

const countSql = `
  select floor(extract(epoch from finished_at) / ${step})::int as at, queue, count(*)::int as completed
  from jobs_completed where finished_at >= to_timestamp($1::float8 * ${step}) and state = 'completed'
  group by 1, 2`;

/** Remembers the steps that are over. */
class CompletedLately {
  #rows: readonly Row[] = [];
  /** What came before is counted for good. */
  #countedUntil = -Infinity;

  readonly read: ReadCompleted = async (manager: EntityManager, queue) => {
    const [clock] = await manager.query<{ now: number }[]>(nowSql);
    const now = clock?.now ?? 0;
    const from = Math.max(now - steps, this.#countedUntil);
    const fresh = await manager.query<Row[]>(countSql, [from]);
    this.#rows = [
      ...this.#rows.filter(({ at }) => at < from && at >= now - steps),
      ...fresh,
    ];
    this.#countedUntil = now - open;
    const sums = new Map<string, number>();
    for (const row of this.#rows)
      if (queue === undefined || row.queue === queue)
        sums.set(row.queue, (sums.get(row.queue) ?? 0) + row.completed);
    return sums;
  };
}

const remembered = new WeakMap<DataSource, CompletedLately>();

/**
 * Counts by queue what was completed in the last hour, for whoever asks again and again: an hour of the archive is read
 * once for a connection, and after that each look reads half a minute of it. A job that is written down later than half
 * a minute after its end is missed.
 */
export const completedLately: ReadCompleted = (manager, queue) => {
  const known = remembered.get(manager.dataSource) ?? new CompletedLately();
  remembered.set(manager.dataSource, known);
  return known.read(manager, queue);
};
