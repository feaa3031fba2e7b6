import type { EntityManager } from 'typeorm';

import { type IdleTask, wantsJob } from '../control/requeue.ts';

/** Tasks that one look reads: so many, however many there are. The next look goes on behind them. */
export const page = 5_000;

/** Where a look ended, and the next one begins. */
export interface Place {
  readonly run_id: string;
  readonly step: string;
  readonly idx: number;
}

/** Before every task. */
export const first: Place = {
  run_id: '00000000-0000-0000-0000-000000000000',
  step: '',
  idx: -1_000,
};

/** What holds of a task that nobody will ever carry on, though its run runs. */
const isStuck = `(
    ${wantsJob} and not exists (select from job where job.id = task.job_id)
    -- Its child has ended, and has not woken it.
    or task.state = 'waiting' and exists (
      select from flow_run child where child.parent_run = task.run_id and child.parent_step = task.step
        and child.state in ('completed', 'failed', 'cancelled'))
    -- Its signal has come, and has not woken it.
    or task.state = 'waiting' and exists (
      select from flow_signal signal
      where signal.run_id = task.run_id and signal.name = task.step and signal.consumed_at is null)
  )`;

/** A page of the active tasks after a place, in their order; only those that are stuck are named. */
export const stuckTasks = async (
  manager: EntityManager,
  { run_id, step, idx }: Place,
): Promise<{ readonly stuck: readonly Place[]; readonly next: Place }> => {
  const [row] = await manager.query<
    [{ stuck: Place[] | null; read: number; last: Place | null }]
  >(
    `with active as materialized (
       select task.* from flow_task task
       where coalesce(task.state in ('queued', 'running', 'waiting'), false)
         and (task.run_id, task.step, task.idx) > ($1::uuid, $2::text, $3::int)
       order by task.run_id, task.step, task.idx limit ${page}
     )
     select (
         select jsonb_agg(jsonb_build_object('run_id', task.run_id, 'step', task.step, 'idx', task.idx)
           order by task.run_id, task.step, task.idx)
         from active task join flow_run run on run.id = task.run_id
         where run.state = 'running' and ${isStuck}
       ) as stuck,
       (select count(*)::int from active) as read,
       (select jsonb_build_object('run_id', run_id, 'step', step, 'idx', idx) from active
        order by run_id desc, step desc, idx desc limit 1) as last`,
    [run_id, step, idx],
  );
  return {
    stuck: row.stuck ?? [],
    next: row.read < page || !row.last ? first : row.last,
  };
};

/** Those of a run's tasks that are stuck still, locked; whoever has one locked is carrying it on. */
export const lockStuck = (
  manager: EntityManager,
  run: string,
  places: readonly Place[],
): Promise<IdleTask[]> =>
  manager.query<IdleTask[]>(
    `select task.run_id, task.step, task.idx,
       -- One whose time is not up goes on waiting; whatever else it waited for is there.
       case when task.state = 'waiting' and task.due_at is not null and not exists (
           select from flow_signal signal
           where signal.run_id = task.run_id and signal.name = task.step and signal.consumed_at is null)
         then 'waiting' else 'queued' end as state,
       task.due_at
     from unnest($2::text[], $3::int[]) as given (step, idx)
     join flow_task task on task.run_id = $1 and task.step = given.step and task.idx = given.idx
     join flow_run run on run.id = task.run_id
     where run.state = 'running' and task.state in ('queued', 'running', 'waiting') and ${isStuck}
     order by task.step, task.idx for update of task skip locked`,
    [run, places.map(({ step }) => step), places.map(({ idx }) => idx)],
  );
