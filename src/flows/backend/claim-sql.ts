import { isRunning, lookUp } from '../../jobs/store/look-up.ts';
import { completeSql } from '../../jobs/store/settle-completed.ts';
import { runState } from './run-state-sql.ts';

/**
 * The output of a step as others find it: that of its task, or, of a map, those of all its tasks in the
 * order of the items. `name` is an expression for the name of a step of the run `run`.
 */
export const outputSql = (run: string, name: string): string => `(
  select case
    when step.state = 'skipped' then null
    when step.kind = 'map' then coalesce((
      select jsonb_agg(coalesce(task.output, 'null') order by task.idx) from flow_task task
      where task.run_id = ${run} and task.step = step.name and task.idx >= 0), '[]')
    else coalesce((
      select task.output from flow_task task
      where task.run_id = ${run} and task.step = step.name and task.idx = 0), 'null')
  end
  from flow_step step where step.run_id = ${run} and step.name = ${name})`;

/** Bytes, as JSON, of what a step is given of the steps before it, and of what a run puts out. */
export const largestFanIn = 32 * 1_048_576;

/**
 * How large the output of the step `name` of the run `run` is; of one that is far too large, as it is stored,
 * compressed: that is enough to know.
 */
export const bytesSql = (run: string, name: string): string => {
  const sum = (size: string): string => `(
    select coalesce(sum(${size}), 0)::bigint from flow_task task
    where task.run_id = ${run} and task.step = ${name} and task.idx >= 0)`;
  const stored = sum('pg_column_size(task.output)');
  return `case when ${stored} > ${largestFanIn} then ${stored} else ${sum('octet_length(task.output::text)')} end`;
};

/** What the steps before have put out (`known`), as the columns `outputs` and `too_large`. */
const knownSql = `
  known as materialized (
    select sized.*, sum(bytes) over (partition by run_id, step)::bigint as together from (
      select numbered.run_id, numbered.step, dep, ${bytesSql('numbered.run_id', 'dep')} as bytes
      from numbered join flow_step own on own.run_id = numbered.run_id and own.name = numbered.step
      cross join unnest(own.deps) as dep
      where numbered.nth = 1 and numbered.idx < 1
    ) as sized
  )`;
const knownColumns = `
    case when numbered.nth = 1 and numbered.idx < 1 then (
      select jsonb_object_agg(dep, output) from (
        select dep, ${outputSql('known.run_id', 'known.dep')} as output from known
        where known.run_id = numbered.run_id and known.step = numbered.step and together <= ${largestFanIn}
      ) as there where output is not null
    ) end as outputs,
    (select jsonb_build_object('step', dep, 'bytes', together) from known
     where known.run_id = numbered.run_id and known.step = numbered.step and together > ${largestFanIn}
     order by bytes desc limit 1) as too_large`;

const claimSql = (known: string, columns: string): string => `
  with delivered as materialized (
    select * from unnest($1::uuid[], $2::text[], $3::int[], $4::uuid[], $5::int[], $6::int[])
      with ordinality as entry (run, step, idx, id, fence, attempt, place)
    where ${lookUp('fence')}
  ), held as materialized (
    select delivered.* from delivered
    join flow_task task on task.run_id = delivered.run and task.step = delivered.step and task.idx = delivered.idx
    where (${runState('delivered.run')}) = 'running' and task.job_id = delivered.id
      and (task.state in ('queued', 'waiting') or (task.state = 'running' and task.fence <= delivered.fence))
    order by delivered.run, delivered.step, delivered.idx for update of task
  ), claimed as (
    update flow_task task set state = 'running', fence = held.fence, attempt = held.attempt,
      started_at = clock_timestamp()
    from held where task.run_id = held.run and task.step = held.step and task.idx = held.idx
    returning held.place, task.run_id, task.step, task.idx, task.item, task.due_at
  ), numbered as (
    select claimed.*, row_number() over (partition by run_id, step order by place) as nth from claimed
  )${known}, given as (
    select id, fence, null::text as result from delivered
    where not exists (select from held where held.place = delivered.place)
  ), ${completeSql('given', isRunning)}
  select (numbered.place - 1)::int as place, numbered.step, numbered.item, numbered.due_at,
    numbered.due_at <= clock_timestamp() as is_due, run.id as run_id, run.flow, run.version, run.plan_id, run.cause,
    run.traceparent, numbered.nth = 1 as has_known,
    case when numbered.nth = 1 then run.input end as input,${columns}
  from numbered join flow_run run on run.id = numbered.run_id`;

/**
 * Claims tasks by their jobs: those that are queued or wait for this very job, and those that an earlier run
 * of the same job had. What cannot be claimed is nothing to anybody any more, and its job is done.
 *
 * Input and outputs come once for each step of a run, however many of its tasks are claimed together.
 */
export const claimStatement = claimSql(`, ${knownSql}`, knownColumns);

/**
 * The same for items of maps but their first ones: they are given no outputs, and most of planning and starting the
 * statement is for those.
 */
export const claimItemsStatement = claimSql(
  '',
  'null::jsonb as outputs, null::jsonb as too_large',
);
