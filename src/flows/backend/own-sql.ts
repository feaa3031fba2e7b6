import { enqueueSql, jobRecordSql } from '../../jobs/store/enqueue.ts';
import { completeSql } from '../../jobs/store/settle-completed.ts';
import { runState } from './run-state-sql.ts';

/**
 * The parts that any change of a task by its owner begins with: `$1` to `$5` are run, step, index, job and
 * fence; `own` is the task, locked, or nothing if somebody else owns it.
 */
const ownSql = `
  own as materialized (
    select task.* from flow_task task
    where task.run_id = $1 and task.step = $2 and task.idx = $3 and task.state = 'running'
      and task.job_id = $4 and task.fence = $5 and (${runState('task.run_id')}) <> 'cancelled'
    for update of task
  ), given as (
    select $4::uuid as id, $5::int as fence, null::text as result
  ), ${completeSql('given', 'true')}`;

/**
 * Lets a task wait: for `$6` seconds if that is not null, until it is woken by `$7` (a job, JSON) if that
 * is not null.
 */
export const parkStatement = `
  with ${ownSql}, parked as (
    update flow_task task set state = 'waiting', job_id = ($7::jsonb ->> 'id')::uuid,
      due_at = coalesce(own.due_at, clock_timestamp() + $6::float8 * interval '1 second')
    from own where task.run_id = own.run_id and task.step = own.step and task.idx = own.idx
    returning task.due_at
  ), new_job as materialized (
    select place, id, queue, name, rank, priority, tenant, tier, key, lane, payload, attempts, backoff,
      "timeoutSeconds", parked.due_at as "runAt", "idempotencyKey", cause, traceparent, 1::bigint as nth
    from parked cross join lateral jsonb_to_record($7::jsonb) as record ${jobRecordSql}
    where $7::jsonb is not null
  ), ${enqueueSql('new_job')}
  select 1 as parked, (select count(*) from told) as told from parked`;

/** Turns the task that found the items of a map (`$6`) into theirs, with their jobs: `$7` is one of them, `$8` are all ids. */
export const expandStatement = `
  with ${ownSql}, done as (
    update flow_task task set state = 'completed', ended_at = clock_timestamp()
    from own where task.run_id = own.run_id and task.step = own.step and task.idx = own.idx
  ), item as materialized (
    select own.run_id, own.step, (place - 1)::int as idx, ((place - 1) / $10::int % $9::int)::int as shard, value, ($8::uuid[])[place] as job_id
    from own cross join jsonb_array_elements($6::jsonb) with ordinality as entry (value, place)
  ), task as (
    insert into flow_task (run_id, step, idx, state, job_id, shard, item)
    select run_id, step, idx, 'queued', job_id, shard, value from item
  ), shard as materialized (
    select run_id, step, shard, case when $11::int is not null then -1 - shard % $11::int end as parent, count(*)::int as pending
    from item group by 1, 2, 3
  ), parent_shard as materialized (
    select run_id, step, parent as shard, count(*)::int as pending from shard where parent is not null group by 1, 2, 3
  ), counters as (
    insert into flow_shard (run_id, step, shard, parent, pending)
    select run_id, step, shard, parent, pending from shard
    union all select run_id, step, shard, null, pending from parent_shard
  ), counted as (
    update flow_step step set pending_tasks = (
      select count(*) from (
        select shard from shard where parent is null union all select shard from parent_shard) as part)
    from own where step.run_id = own.run_id and step.name = own.step
  ), new_job as materialized (
    select item.idx as place, item.job_id as id, queue, name, rank, priority, tenant, tier, key, lane,
      jsonb_build_object('run', item.run_id, 'step', item.step, 'idx', item.idx) as payload, attempts, backoff,
      "timeoutSeconds", "runAt", "idempotencyKey", cause, traceparent, item.idx + 1::bigint as nth
    from item cross join jsonb_to_record($7::jsonb) as record (
      queue text, name text, rank smallint, priority smallint, tenant text, tier text, key text, lane text,
      attempts int, backoff jsonb, "timeoutSeconds" double precision, "runAt" timestamptz, "idempotencyKey" text,
      cause text, traceparent text)
  ), ${enqueueSql('new_job')}
  select 1 as expanded, (select count(*) from told) as told from own`;
