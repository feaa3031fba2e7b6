import { enqueueSql, jobRecordSql } from '../../jobs/store/enqueue.ts';
import { lookUp } from '../../jobs/store/look-up.ts';
import { completeSql } from '../../jobs/store/settle-completed.ts';
import { runState } from './run-state-sql.ts';
import { wokenSql } from './wake-sql.ts';

/** Which tasks ended (`$1`): the rows are locked in their order, as everybody locks them. */
const taskSql = `
  given as materialized (
    select * from jsonb_to_recordset($1) as entry (
      place int, run uuid, step text, idx int, id uuid, fence int, state text, output jsonb, error text, result text)
    where ${lookUp('fence')}
  ), held as materialized (
    select given.* from given
    join flow_task task on task.run_id = given.run and task.step = given.step and task.idx = given.idx
    where task.state = 'running' and task.job_id = given.id and task.fence = given.fence and (${runState('given.run')}) <> 'cancelled'
    order by given.run, given.step, given.idx for update of task
  ), settled as (
    update flow_task task set state = held.state, output = held.output, error = held.error,
      ended_at = clock_timestamp()
    from held where task.run_id = held.run and task.step = held.step and task.idx = held.idx
    returning held.place, task.run_id, task.step, task.shard, task.state, task.error
  )`;

/** The tasks of a map count in shards, and the shards of a large one in others. */
const shardSql = `
  shard_held as materialized (
    select shard.run_id, shard.step, shard.shard, ended.tasks from (
      select run_id, step, shard, count(*)::int as tasks from settled where shard is not null group by 1, 2, 3
    ) as ended join flow_shard shard using (run_id, step, shard)
    order by 1, 2, 3 for update of shard
  ), shards as (
    update flow_shard shard set pending = shard.pending - held.tasks
    from shard_held held where shard.run_id = held.run_id and shard.step = held.step and shard.shard = held.shard
    returning shard.run_id, shard.step, shard.parent, shard.pending
  ), parent_shard_held as materialized (
    select shard.run_id, shard.step, shard.shard, ended.shards from (
      select run_id, step, parent, count(*)::int as shards from shards
      where pending = 0 and parent is not null group by 1, 2, 3
    ) as ended join flow_shard shard
      on shard.run_id = ended.run_id and shard.step = ended.step and shard.shard = ended.parent
    order by 1, 2, 3 for update of shard
  ), parent_shards as (
    update flow_shard shard set pending = shard.pending - held.shards
    from parent_shard_held held
    where shard.run_id = held.run_id and shard.step = held.step and shard.shard = held.shard
    returning shard.run_id, shard.step, shard.pending
  )`;

/** What the ends of tasks and of shards leave of their steps. */
const stepSql = `
  step_held as materialized (
    select step.run_id, step.name, ended.parts, ended.state, ended.error from (
      select run_id, step, count(*)::int as parts, min(state) as state, min(error) as error from (
        select run_id, step, state, error from settled where shard is null
        union all
        select run_id, step, 'completed', null from shards where pending = 0 and parent is null
        union all
        select run_id, step, 'completed', null from parent_shards where pending = 0
      ) as part group by 1, 2
    ) as ended join flow_step step on step.run_id = ended.run_id and step.name = ended.step
    order by step.run_id, step.position for update of step
  ), steps as (
    update flow_step step set pending_tasks = step.pending_tasks - held.parts,
      state = case when step.pending_tasks = held.parts then held.state else step.state end,
      reason = case when step.pending_tasks = held.parts then held.error else step.reason end,
      ended_at = case when step.pending_tasks = held.parts then clock_timestamp() else step.ended_at end
    from step_held held where step.run_id = held.run_id and step.name = held.name
    returning step.run_id, step.name, step.pending_tasks, step.last, step.state
  ), ended_steps as (
    select * from steps where pending_tasks = 0
  )`;

/** What follows (`$2`): steps that wait for nothing any more begin, and runs of which nothing is left end. */
const followSql = `
  edge as materialized (
    select * from jsonb_to_recordset($2) as entry (run uuid, parent text, step text, idx int, job jsonb)
  ), child_held as materialized (
    select step.run_id, step.name, counted.ends from (
      select edge.run, edge.step, count(*)::int as ends from ended_steps
      join edge on edge.run = ended_steps.run_id and edge.parent = ended_steps.name
      group by 1, 2
    ) as counted join flow_step step on step.run_id = counted.run and step.name = counted.step
    order by step.run_id, step.position for update of step
  ), children as (
    update flow_step step set waiting_on = step.waiting_on - held.ends,
      state = case when step.waiting_on = held.ends then 'running' else step.state end,
      pending_tasks = case when step.waiting_on = held.ends then 1 else step.pending_tasks end,
      started_at = case when step.waiting_on = held.ends then clock_timestamp() end
    from child_held held where step.run_id = held.run_id and step.name = held.name
    returning step.run_id, step.name, step.waiting_on
  ), ready as materialized (
    select distinct on (edge.run, edge.step) edge.* from children
    join edge on edge.run = children.run_id and edge.step = children.name
    where children.waiting_on = 0
    order by edge.run, edge.step
  ), launched as (
    insert into flow_task (run_id, step, idx, state, job_id)
    select run, step, idx, 'queued', (job ->> 'id')::uuid from ready
  ), run_held as materialized (
    select run.id, closed.steps from (
      select run_id, count(*)::int as steps from ended_steps where last group by 1
    ) as closed join flow_run run on run.id = closed.run_id
    order by run.id for update of run
  ), runs as (
    update flow_run run set pending = run.pending - held.steps,
      state = case when run.pending = held.steps and run.state in ('running', 'paused') then 'completed' else run.state end,
      ended_at = case when run.pending = held.steps then clock_timestamp() else run.ended_at end
    from run_held held where run.id = held.id
    returning run.id, run.flow, run.state, run.pending, run.parent_run, run.parent_step, run.wake
  ), ended_runs as (
    select * from runs where state = 'completed' and pending = 0
  ), ${wokenSql('ended_runs')}`;

const jobsSql = `
  new_job as materialized (
    select record.*, row_number() over (partition by queue, tenant, rank order by place) as nth from (
      select job from ready union all select wake from woken
    ) as announced cross join lateral jsonb_to_record(announced.job) as record ${jobRecordSql}
  ), ${enqueueSql('new_job')}`;

const eventSql = `
  event as (
    insert into flow_event (run_id, type, step, detail)
    select run_id, 'step ' || state, name, null::jsonb from ended_steps
    union all select run, 'step started', step, null from ready
    union all select id, 'run completed', null, null from ended_runs
  )`;

/** Everything that follows from the ends of tasks, as one statement. */
export const settleStatement = `
  with ${taskSql}, ${shardSql}, ${stepSql}, ${followSql}, ${jobsSql}, ${eventSql},
  ${completeSql('given', 'true')}
  select place, (select count(*) from told) as told from settled`;

/**
 * One task of a map ends (`$1` to `$6`: run, step, index, job, fence, output), in the transaction of its effects. Hardly
 * any such end changes more than counters: this is a fraction of `settleStatement`. One row if the task had this
 * owner, which says whether its step has ended by that.
 */
export const settleItemStatement = `
  with given as (
    select $4::uuid as id, $5::int as fence, null::text as result
  ), held as materialized (
    select task.run_id, task.step, task.idx from flow_task task
    where task.run_id = $1 and task.step = $2 and task.idx = $3 and task.state = 'running'
      and task.job_id = $4 and task.fence = $5 and (${runState('task.run_id')}) <> 'cancelled'
    for update of task
  ), settled as (
    update flow_task task set state = 'completed', output = $6::jsonb, ended_at = clock_timestamp()
    from held where task.run_id = held.run_id and task.step = held.step and task.idx = held.idx
    returning task.run_id, task.step, task.shard
  ), shards as (
    update flow_shard shard set pending = shard.pending - 1
    from settled where shard.run_id = settled.run_id and shard.step = settled.step and shard.shard = settled.shard
    returning shard.run_id, shard.step, shard.parent, shard.pending
  ), parent_shards as (
    update flow_shard shard set pending = shard.pending - 1
    from shards where shard.run_id = shards.run_id and shard.step = shards.step and shard.shard = shards.parent
      and shards.pending = 0
    returning shard.run_id, shard.step, shard.pending
  ), ended_shard as (
    select run_id, step from shards where pending = 0 and parent is null
    union all select run_id, step from parent_shards where pending = 0
  ), steps as (
    update flow_step step set pending_tasks = step.pending_tasks - 1,
      state = case when step.pending_tasks = 1 then 'completed' else step.state end,
      ended_at = case when step.pending_tasks = 1 then clock_timestamp() else step.ended_at end
    from ended_shard where step.run_id = ended_shard.run_id and step.name = ended_shard.step
    returning step.pending_tasks
  ), ${completeSql('given', 'true')}
  select coalesce((select pending_tasks = 0 from steps), false) as has_ended from shards`;

/** What follows from the end of the step `$3` of the run `$1`, which the transaction has written; `$2` as ever. */
export const followStatement = `
  with ended_steps as (
    select run_id, name, last, state from flow_step where run_id = $1 and name = $3 and pending_tasks = 0
  ), ${followSql}, ${jobsSql}, ${eventSql}
  select (select count(*) from told) as told from ended_steps`;
