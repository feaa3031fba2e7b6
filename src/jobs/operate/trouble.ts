import type { EntityManager } from 'typeorm';

/** A lane of a strict queue that waits for an operator. */
export interface BlockedLane {
  readonly queue: string;
  /** '' is that of jobs without a key. */
  readonly key: string;
  /** The job that failed for good. */
  readonly jobId: string;
  readonly name: string;
  readonly since: Date;
  /** Jobs behind it. */
  readonly waiting: number;
}

/** The lanes that a failed head halts, the longest waiting first. */
export const blockedLanes = (
  manager: EntityManager,
  haltingQueues: readonly string[],
  limit = 100,
): Promise<BlockedLane[]> =>
  manager.query<BlockedLane[]>(
    `select job.queue, job.lane as key, job.id as "jobId", job.name, job.failed_at as since, (
       select count(*)::int from job as behind
       where behind.queue = job.queue and behind.lane = job.lane and behind.sequence > job.sequence
     ) as waiting
     from job
     where job.state = 'failed' and job.lane is not null and job.queue = any($1)
       and exists (
         select from dead_letter where source = 'job' and subscription = job.queue
           and identity = job.id::text and dead_letter.state = 'open')
     order by job.failed_at limit $2`,
    [haltingQueues, limit],
  );

/** A job that runs although its time is up. */
export interface StuckJob {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly worker: string;
  readonly seconds: number;
  readonly timeoutSeconds: number;
}

/** Seconds beyond its timeout after which a job should have been given up by its process. */
export const stuckAfter = 15;

/** Jobs stuck beyond their timeout: their process renews the lease, but does not end them. */
export const stuckJobs = (
  manager: EntityManager,
  limit = 100,
): Promise<StuckJob[]> =>
  manager.query<StuckJob[]>(
    `select id, queue, name, worker, timeout_seconds as "timeoutSeconds",
       extract(epoch from now() - started_at)::float8 as seconds
     from job
     where state = 'running' and started_at < now() - (timeout_seconds + $1) * interval '1 second'
     order by started_at limit $2`,
    [stuckAfter, limit],
  );
