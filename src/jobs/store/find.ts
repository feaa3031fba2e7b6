import type { EntityManager } from 'typeorm';

import type { Job, JobAttempt, JobState } from '../port.ts';

type Progress = JobAttempt['progress'];

interface JobRow {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly state: JobState;
  readonly priority: number;
  readonly tenant: string;
  readonly key: string | null;
  readonly attempt: number;
  readonly attempts: number;
  readonly result: unknown;
  /** Why it was cancelled, or failed for whoever keeps its outcome. */
  readonly why: string | null;
  readonly created_at: Date;
  readonly run_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
}

interface AttemptRow {
  readonly attempt: number;
  readonly worker: string;
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly error: string | null;
  readonly progress: Progress | null;
  readonly log: readonly string[];
}

const columns =
  'id, name, queue, priority, tenant, key, attempt, attempts, created_at, run_at, started_at';

/** A job that moves to the archive between two statements would be in neither: this is one. */
const jobSql = `
  select ${columns}, case when cancelled_at is null then state else 'cancelled' end as state, cancelled_why as why,
    null::jsonb as result, coalesce(failed_at, cancelled_at) as finished_at from job where id = $1
  union all
  select ${columns}, state, error as why, result, finished_at from jobs_completed where id = $1`;

const attemptsSql = `
  select attempt, worker, started_at, ended_at, error, progress, log from job_attempt
  where job_id = $1 order by fence`;

const attemptOf = (row: AttemptRow): JobAttempt => ({
  attempt: row.attempt,
  worker: row.worker,
  startedAt: row.started_at,
  endedAt: row.ended_at ?? undefined,
  error: row.error ?? undefined,
  progress: row.progress ?? undefined,
  log: row.log,
});

/** @returns the job, finished or not; `undefined` if there is none of this id. */
export const find = async (
  manager: EntityManager,
  id: string,
): Promise<Job | undefined> => {
  const [row] = await manager.query<JobRow[]>(jobSql, [id]);
  if (!row) return undefined;
  const history = (await manager.query<AttemptRow[]>(attemptsSql, [id])).map(
    attemptOf,
  );
  const latest = history.at(-1);
  return {
    id: row.id,
    name: row.name,
    queue: row.queue,
    state: row.state,
    priority: row.priority,
    tenant: row.tenant === '' ? undefined : row.tenant,
    key: row.key ?? undefined,
    attempt: row.attempt,
    attempts: row.attempts,
    result: row.result ?? undefined,
    error: row.state === 'completed' ? undefined : (row.why ?? latest?.error),
    progress: latest?.progress,
    createdAt: row.created_at,
    runAt: row.run_at,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
    history,
  };
};
