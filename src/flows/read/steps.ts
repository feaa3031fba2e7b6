import type { EntityManager } from 'typeorm';

/** What the tables say of one step; its tasks are counted, the one that tells most stands for them. */
export interface StepRow {
  readonly name: string;
  readonly state: 'pending' | 'running' | 'completed' | 'skipped' | 'failed';
  readonly reason: string | null;
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly running: number;
  readonly waiting: number;
  readonly queued: number;
  readonly retrying: number;
  /** Of the next retry. */
  readonly retry_at: Date | null;
  readonly last_error: string | null;
  readonly attempt: number | null;
  readonly worker: string | null;
  readonly due_at: Date | null;
  readonly job_id: string | null;
  readonly paused_by: string | null;
  /** A task that has no job any more, which the sweeper will see. */
  readonly orphaned: number;
  readonly child_run: string | null;
  readonly child_state: string | null;
}

/** Every step of a run, in the order of the plan. */
export const stepRows = (
  manager: EntityManager,
  run: string,
): Promise<StepRow[]> =>
  manager.query<StepRow[]>(
    `with tasks as (
       select task.step,
         count(*) filter (where task.idx >= 0)::int as total,
         count(*) filter (where task.idx >= 0 and task.state in ('completed', 'skipped'))::int as done,
         count(*) filter (where task.state = 'failed')::int as failed,
         count(*) filter (where task.state = 'running' and coalesce(job.state, '') = 'running')::int as running,
         count(*) filter (where task.state = 'waiting')::int as waiting,
         count(*) filter (where task.state = 'queued')::int as queued,
         count(*) filter (where task.state = 'running' and job.state in ('scheduled', 'pending'))::int as retrying,
         count(*) filter (where task.state in ('queued', 'running') and job.id is null)::int as orphaned,
         min(job.run_at) filter (where job.state = 'scheduled' and job.attempt > 0) as retry_at,
         max(job.attempt) as attempt,
         max(job.worker) filter (where job.state = 'running') as worker,
         min(task.due_at) filter (where task.state = 'waiting') as due_at,
         (array_agg(task.job_id order by task.state = 'running' desc, task.idx)
            filter (where task.state in ('queued', 'running', 'waiting')))[1] as job_id,
         max(job_queue.paused_by) filter (where job_queue.paused_at is not null) as paused_by
       from flow_task task
       left join job on job.id = task.job_id and task.state in ('queued', 'running', 'waiting')
       left join job_queue on job_queue.name = job.queue
       where task.run_id = $1 group by task.step
     )
     select step.name, step.state, step.reason, step.started_at, step.ended_at,
       coalesce(tasks.total, 0) as total, coalesce(tasks.done, 0) as done, coalesce(tasks.failed, 0) as failed,
       coalesce(tasks.running, 0) as running, coalesce(tasks.waiting, 0) as waiting,
       coalesce(tasks.queued, 0) as queued, coalesce(tasks.retrying, 0) as retrying,
       coalesce(tasks.orphaned, 0) as orphaned,
       tasks.retry_at, tasks.attempt, tasks.worker, tasks.due_at, tasks.job_id, tasks.paused_by,
       case when tasks.retrying > 0 then (
         select error from job_attempt where job_id = tasks.job_id and error is not null order by fence desc limit 1
       ) end as last_error,
       child.id as child_run, child.state as child_state
     from flow_step step
     left join tasks on tasks.step = step.name
     left join flow_run child on child.parent_run = step.run_id and child.parent_step = step.name
     where step.run_id = $1
     order by step.position`,
    [run],
  );
