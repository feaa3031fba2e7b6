import type { EntityManager } from 'typeorm';

import type { DeadJob } from '../../jobs/port.ts';
import { archiveFailed } from '../../jobs/store/archive-failed.ts';
import { settleDeadTasks } from '../execution/dead-tasks.ts';

const batch = 100;

/** The job of a task failed in a process that did not know its flow. */
class ForeignFailureError extends Error {
  override readonly name = 'ForeignFailureError';
}

/** Settles tasks whose jobs have failed for good without anybody telling their flows. @returns how many */
export const deadJobs = async (manager: EntityManager): Promise<number> => {
  const rows = await manager.query<
    (Omit<DeadJob, 'error'> & { error: string | null })[]
  >(
    `select job.id, job.fence, job.name, job.queue, job.payload, job.attempt, (
       select error from job_attempt where job_id = job.id and error is not null order by fence desc limit 1) as error
     from job
     where job.state = 'failed' and job.name like 'flow %'
       -- The text of a payload, so that one that names no task is no error.
       and exists (
         select from flow_task task
         where task.run_id = case when job.payload ->> 'run' ~ '^[0-9a-f-]{36}$' then (job.payload ->> 'run')::uuid end
           and task.step = job.payload ->> 'step'
           and task.job_id = job.id and task.state in ('queued', 'running', 'waiting'))
     order by job.failed_at limit ${batch} for update of job skip locked`,
  );
  if (rows.length === 0) return 0;
  const ids = rows.map(({ id }) => id);
  await archiveFailed(manager, ids);
  await settleDeadTasks(
    manager,
    rows.map((row) => ({
      ...row,
      error: new ForeignFailureError(row.error ?? 'its job has failed'),
    })),
  );
  await manager.query(
    `update dead_letter set state = 'resolved', state_changed_at = now(), state_changed_by = 'nightshift',
       state_reason = 'its flow has an entry of its own'
     where source = 'job' and identity = any($1) and state = 'open'`,
    [ids],
  );
  return rows.length;
};
