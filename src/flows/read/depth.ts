import type { EntityManager } from 'typeorm';

/** What of a flow is unfinished, and what ended in the last hour. */
export interface FlowDepth {
  readonly flow: string;
  readonly runs: {
    readonly running: number;
    readonly paused: number;
    /** Until they are retried, or retention deletes them. */
    readonly failed: number;
  };
  /** Of runs that go on; `waiting`: for a signal, a time or a child. */
  readonly tasks: {
    readonly queued: number;
    readonly running: number;
    readonly waiting: number;
  };
  /** Runs that ended in the last hour. */
  readonly ended: {
    readonly completed: number;
    readonly failed: number;
    readonly cancelled: number;
  };
  /** Seconds from start to end of those that completed in the last hour; `undefined` if none did. */
  readonly duration:
    { readonly median: number; readonly p95: number } | undefined;
}

interface Row {
  readonly flow: string;
  readonly [count: `${'run' | 'task' | 'ended'}_${string}`]: number;
  readonly median: number | null;
  readonly p95: number | null;
}

const of = (source: string, kind: string, states: readonly string[]): string =>
  states
    .map(
      (state) =>
        `coalesce(max(${source}.${state}), 0)::int as ${kind}_${state}`,
    )
    .join(', ');

const counted = (table: string, states: readonly string[]): string =>
  states
    .map(
      (state) =>
        `count(*) filter (where ${table}.state = '${state}') as ${state}`,
    )
    .join(', ');

const live = ['running', 'paused', 'failed'];
const open = ['queued', 'running', 'waiting'];
const past = ['completed', 'failed', 'cancelled'];

const statement = `
  with runs as (
    select flow, ${counted('run', live)} from flow_run run where state in ('running', 'paused', 'failed') group by flow
  ), tasks as (
    select run.flow, ${counted('task', open)}
    from flow_task task join flow_run run on run.id = task.run_id
    where task.state in ('queued', 'running', 'waiting') and task.job_id is not null and run.state in ('running', 'paused')
    group by run.flow
  ), ended as (
    select flow, ${counted('run', past)},
      percentile_cont(array[0.5, 0.95]) within group (order by extract(epoch from ended_at - created_at))
        filter (where state = 'completed') as took
    from flow_run run where ended_at > now() - interval '1 hour' group by flow
  )
  select flow, ${of('runs', 'run', live)}, ${of('tasks', 'task', open)}, ${of('ended', 'ended', past)},
    max(took[1])::float8 as median, max(took[2])::float8 as p95
  from runs full join tasks using (flow) full join ended using (flow)
  group by flow order by flow`;

/** Counts by flow, for those that have runs. Finished runs older than an hour are left alone: they may be many. */
export const flowDepths = async (
  manager: EntityManager,
): Promise<FlowDepth[]> => {
  const rows = await manager.query<Row[]>(statement);
  return rows.map((row) => ({
    flow: row.flow,
    runs: {
      running: row.run_running ?? 0,
      paused: row.run_paused ?? 0,
      failed: row.run_failed ?? 0,
    },
    tasks: {
      queued: row.task_queued ?? 0,
      running: row.task_running ?? 0,
      waiting: row.task_waiting ?? 0,
    },
    ended: {
      completed: row.ended_completed ?? 0,
      failed: row.ended_failed ?? 0,
      cancelled: row.ended_cancelled ?? 0,
    },
    duration:
      row.median !== null && row.p95 !== null
        ? { median: row.median, p95: row.p95 }
        : undefined,
  }));
};
