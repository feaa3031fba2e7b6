import { enqueueSql, jobRecordSql } from '../../jobs/store/enqueue.ts';

/**
 * `woken`: the tasks that wait for these runs as their children, queued. Their rows are locked first, because a
 * parent may have begun to wait while this statement waited for its child: the lock shows the row as it is by
 * then, an update would look for those that waited when the statement began.
 */
export const wokenSql = (runs: string): string => `parent_held as materialized (
    select task.run_id, task.step, task.idx, task.state, ${runs}.wake from ${runs}
    join flow_task task on task.run_id = ${runs}.parent_run and task.step = ${runs}.parent_step and task.idx = 0
    for update of task
  ), woken as (
    update flow_task task set state = 'queued', job_id = (held.wake ->> 'id')::uuid
    from parent_held held
    where task.run_id = held.run_id and task.step = held.step and task.idx = held.idx and held.state = 'waiting'
    returning held.wake
  )`;

/**
 * The parts of a statement that wake whoever waits for runs that have ended otherwise than well. `runs` names a
 * part with their `parent_run`, `parent_step` and `wake`; read `told`, or no process hears of it.
 */
export const wakeSql = (runs: string): string => `
  ${wokenSql(runs)}, new_job as materialized (
    select record.*, row_number() over (partition by queue, tenant, rank order by place) as nth
    from woken cross join lateral jsonb_to_record(woken.wake) as record ${jobRecordSql}
  ), ${enqueueSql('new_job')}`;
