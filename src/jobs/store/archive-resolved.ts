import type { EntityManager } from 'typeorm';

/** Jobs moved by one statement. */
const batch = 500;

/** Moves failed jobs that an operator has resolved at the desk into the archive. @returns how many. */
export const archiveResolved = async (
  manager: EntityManager,
): Promise<number> => {
  const [row] = await manager.query<{ moved: string }[]>(
    `with resolved as (
       select job.id, dead_letter.error from job
       join dead_letter on dead_letter.source = 'job' and dead_letter.subscription = job.queue
         and dead_letter.identity = job.id::text and dead_letter.state = 'resolved'
       where job.state = 'failed'
       limit ${batch} for update of job skip locked
     ), gone as (
       delete from job using resolved where job.id = resolved.id and job.state = 'failed'
       returning job.*, resolved.error
     ), archived as (
       insert into jobs_completed (
         id, queue, name, state, priority, tenant, key, payload, error, attempt, attempts, worker, cause,
         traceparent, created_at, run_at, started_at, finished_at
       )
       select id, queue, name, 'failed', priority, tenant, key, payload, error, attempt, attempts, worker,
         cause, traceparent, created_at, run_at, started_at, clock_timestamp()
       from gone
     )
     select count(*) as moved from gone`,
  );
  return Number(row?.moved ?? 0);
};
