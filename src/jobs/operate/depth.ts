import type { EntityManager } from 'typeorm';

import { jobs } from '../declarations.ts';
import type { JobDeclaration } from '../declare.ts';

/** Jobs of one name in one queue that are not finished. */
export interface QueueDepth {
  readonly queue: string;
  readonly job: string;
  readonly pending: number;
  readonly scheduled: number;
  readonly running: number;
  readonly failed: number;
  /** How long the oldest that nobody has begun has been due, in seconds; 0 if none is. */
  readonly oldestDueSeconds: number;
}

const noneOf = (queue: string, job: string): QueueDepth => ({
  queue,
  job,
  pending: 0,
  scheduled: 0,
  running: 0,
  failed: 0,
  oldestDueSeconds: 0,
});

const statement = `
  select queue, name as job,
    count(*) filter (where state = 'pending')::int as pending,
    count(*) filter (where state = 'scheduled')::int as scheduled,
    count(*) filter (where state = 'running')::int as running,
    count(*) filter (where state = 'failed')::int as failed,
    greatest(coalesce(
      extract(epoch from now() - min(run_at) filter (where state = 'pending')), 0), 0)::float8 as "oldestDueSeconds"
  from job group by 1, 2 order by 1, 2`;

/**
 * Counts the jobs that are not finished, by queue and name; declared jobs are told of also while there are none.
 * Unlike `queueStatistics` it leaves the archive alone, which may be large.
 */
export const queueDepths = async (
  manager: EntityManager,
): Promise<QueueDepth[]> => {
  const found = await manager.query<QueueDepth[]>(statement);
  const isFound = new Set(found.map(({ queue, job }) => `${queue} ${job}`));
  const declared = Object.entries<JobDeclaration>(jobs)
    .map(([job, { queue = 'default' }]) => noneOf(queue, job))
    .filter(({ queue, job }) => !isFound.has(`${queue} ${job}`));
  return [...found, ...declared];
};
