import type { EntityManager } from 'typeorm';

import { promotionBatch } from '../store/promote.ts';
import {
  type Counts,
  Invocation,
  type InvocationOptions,
} from './invocation.ts';

/** Seconds at the end of the budget in which nothing runs any more: ends are written, the answer is sent. */
const reserve = 1.5;

/** Statements that promote jobs before the first is run. */
const mostPromotions = 20;

export interface WorkOptions extends InvocationOptions {
  /** Seconds until the answer. */
  readonly budgetSeconds: number;
  /** Fires what is due of the schedules first. @returns how many jobs that made */
  readonly fireSchedules: () => Promise<number>;
}

export interface WorkReport {
  /** Jobs that schedules created. */
  readonly scheduled: number;
  readonly counts: Counts;
  /** Jobs that are due and will never fit this budget: run a dispatcher for them, or shorten their timeout. */
  readonly tooLong: readonly TooLong[];
  /** Jobs that are due and fit, but were not reached, up to 10,000. */
  readonly left: number;
}

export interface TooLong {
  readonly queue: string;
  readonly name: string;
  readonly timeoutSeconds: number;
  readonly jobs: number;
}

const tooLongJobs = async (
  manager: EntityManager,
  longest: number,
): Promise<TooLong[]> =>
  manager.query<TooLong[]>(
    `select queue, name, timeout_seconds as "timeoutSeconds", count(*)::int as jobs
     from job where state = 'pending' and timeout_seconds > $1
     group by 1, 2, 3 order by 4 desc limit 100`,
    [longest],
  );

const leftJobs = async (
  manager: EntityManager,
  longest: number,
): Promise<number> => {
  const [row] = await manager.query<{ jobs: number }[]>(
    `select count(*)::int as jobs from (
       select from job where state = 'pending' and timeout_seconds <= $1 limit 10000) as due`,
    [longest],
  );
  return row?.jobs ?? 0;
};

/**
 * Does what is due until the budget ends: fires schedules, then runs jobs of every queue, several
 * at once. It claims only what can end in time by its own timeout, so that a job is hardly ever cut
 * off. Any number of these may work at once.
 */
export const work = async ({
  budgetSeconds,
  fireSchedules,
  ...options
}: WorkOptions): Promise<WorkReport> => {
  const until = performance.now() + budgetSeconds * 1_000;
  const longest = Math.max(0, budgetSeconds - reserve);
  const invocation = new Invocation(options);
  const { manager } = options.con;
  const scheduled = await fireSchedules();
  for (let round = 0; round < mostPromotions; round++)
    if ((await invocation.store.promote()).promoted < promotionBatch) break;
  await invocation.store.recover();
  await options.registry.sweep?.(options.con, options.logger);
  const asks = () => {
    const seconds = (until - performance.now()) / 1_000 - reserve;
    return seconds > 0 ? { longestTimeout: seconds } : undefined;
  };
  for (const queue of Object.keys(options.registry.queues))
    invocation.add(queue, asks);
  const deadline = setTimeout(
    () => invocation.cut(),
    Math.max(0, until - performance.now() - reserve * 1_000),
  );
  try {
    await invocation.run();
  } finally {
    clearTimeout(deadline);
  }
  const [tooLong, left] = await Promise.all([
    tooLongJobs(manager, longest),
    leftJobs(manager, longest),
  ]);
  return { scheduled, counts: invocation.counts, tooLong, left };
};
