import type { EntityManager } from 'typeorm';

/** Moves jobs that have just failed for good into the archive, because somebody else keeps their outcome. */
export const archiveFailed = async (
  manager: EntityManager,
  ids: readonly string[],
): Promise<void> => {
  await manager.query(
    `with gone as (
       delete from job where id = any($1::uuid[]) and state = 'failed' returning *
     )
     insert into jobs_completed (
       id, queue, name, state, priority, tenant, key, payload, error, attempt, attempts, worker, cause,
       traceparent, created_at, run_at, started_at, finished_at
     )
     select id, queue, name, 'failed', priority, tenant, key, payload, (
         select error from job_attempt where job_id = gone.id and job_attempt.fence = gone.fence),
       attempt, attempts, worker, cause, traceparent, created_at, run_at, started_at, clock_timestamp()
     from gone`,
    [ids],
  );
};
