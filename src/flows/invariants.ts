import type { EntityManager } from 'typeorm';

/** A counter that does not count what is there. */
export interface BrokenCounter {
  readonly counter:
    | 'flow_run.pending'
    | 'flow_step.waiting_on'
    | 'flow_step.pending_tasks'
    | 'flow_shard.pending';
  readonly run: string;
  readonly step: string | null;
  readonly stored: number;
  readonly counted: number;
}

/** As `brokenCounters`, for whoever asks by SQL; `$1` is the limit. */
export const brokenCountersSql = `with open_task as materialized (
    select run_id, step, shard, count(*)::int as tasks from flow_task
    where state not in ('completed', 'skipped') group by 1, 2, 3
  ), open_step as materialized (
    select run_id, count(*)::int as last from flow_step
    where last and state not in ('completed', 'skipped') group by 1
  ), dep as materialized (
    select step.run_id, step.name,
      count(*) filter (where dep.state not in ('completed', 'skipped'))::int as open
    from flow_step step cross join unnest(step.deps) as name_of
    join flow_step dep on dep.run_id = step.run_id and dep.name = name_of
    group by 1, 2
  ), open_shard as materialized (
    select run_id, step, parent, count(*)::int as shards from flow_shard
    where pending > 0 and parent is not null group by 1, 2, 3
  ), part as materialized (
    select run_id, step, sum(parts)::int as parts from (
      select run_id, step, count(*) as parts from flow_shard where pending > 0 and parent is null group by 1, 2
      union all select run_id, step, sum(tasks) from open_task where shard is null group by 1, 2
    ) as both_kinds group by 1, 2
  )
  select 'flow_run.pending' as counter, run.id as run, null as step, run.pending as stored,
    coalesce(open_step.last, 0) as counted
  from flow_run run left join open_step on open_step.run_id = run.id
  where run.pending <> coalesce(open_step.last, 0)
  union all
  select 'flow_step.waiting_on', step.run_id, step.name, step.waiting_on, coalesce(dep.open, 0)
  from flow_step step left join dep on dep.run_id = step.run_id and dep.name = step.name
  where step.waiting_on <> coalesce(dep.open, 0)
  union all
  select 'flow_step.pending_tasks', step.run_id, step.name, step.pending_tasks, coalesce(part.parts, 0)
  from flow_step step left join part on part.run_id = step.run_id and part.step = step.name
  where step.pending_tasks <> coalesce(part.parts, 0)
  union all
  select 'flow_shard.pending', shard.run_id, shard.step, shard.pending, coalesce(open_task.tasks, open_shard.shards, 0)
  from flow_shard shard left join open_task
    on open_task.run_id = shard.run_id and open_task.step = shard.step and open_task.shard = shard.shard
  left join open_shard
    on open_shard.run_id = shard.run_id and open_shard.step = shard.step and open_shard.parent = shard.shard
  where shard.pending <> coalesce(open_task.tasks, open_shard.shards, 0)
  limit $1`;

/**
 * Counters that disagree with what they count, as one statement sees both. There are none.
 *
 * @param limit rows at most. @default 100
 */
export const brokenCounters = (
  manager: EntityManager,
  limit = 100,
): Promise<BrokenCounter[]> =>
  manager.query<BrokenCounter[]>(brokenCountersSql, [limit]);
