import type { EntityManager } from 'typeorm';

import { createPostgresBackend } from '../backend/postgres-backend.ts';
import { loadPlan } from '../control/plans.ts';
import { followersOf } from '../execution/followers.ts';

/** Running runs that one look reads, the longest running first. */
const page = 500;

/** Where a look ended, and the next one begins. */
export interface RunPlace {
  readonly created_at: string;
  readonly id: string;
}

/** Before every run. */
export const firstRun: RunPlace = {
  created_at: '-infinity',
  id: '00000000-0000-0000-0000-000000000000',
};

export interface StuckStep {
  readonly run_id: string;
  /** Of its run. */
  readonly created_at: string;
  readonly step: string;
}

/** Every task of a step has ended; it has some. */
const hasEnded = (run: string, step: string): string => `
  exists (select from flow_task task where task.run_id = ${run} and task.step = ${step})
  and not exists (
    select from flow_task task where task.run_id = ${run} and task.step = ${step}
      and coalesce(task.state in ('queued', 'running', 'waiting'), false))
  and not exists (
    select from flow_task task where task.run_id = ${run} and task.step = ${step} and task.state = 'failed')`;

/** Steps of a page of the running runs that run, though their tasks have ended. */
export const stuckSteps = async (
  manager: EntityManager,
  { created_at, id }: RunPlace,
): Promise<{
  readonly stuck: readonly StuckStep[];
  readonly next: RunPlace;
}> => {
  const [row] = await manager.query<
    [{ stuck: StuckStep[] | null; read: number; last: RunPlace | null }]
  >(
    `with run as materialized (
       select id, created_at from flow_run
       where state = 'running' and (created_at, id) > ($1::timestamptz, $2::uuid)
       order by created_at, id limit ${page}
     )
     select (
         select jsonb_agg(jsonb_build_object('run_id', step.run_id, 'created_at', run.created_at, 'step', step.name)
           order by run.created_at, run.id, step.position)
         from run join flow_step step on step.run_id = run.id
         where step.state = 'running' and ${hasEnded('step.run_id', 'step.name')}
       ) as stuck,
       (select count(*)::int from run) as read,
       (select jsonb_build_object('created_at', created_at, 'id', id) from run
        order by created_at desc, id desc limit 1) as last`,
    [created_at, id],
  );
  return {
    stuck: row.stuck ?? [],
    next: row.read < page || !row.last ? firstRun : row.last,
  };
};

/** Ends a step whose tasks have, with all that follows. @returns whether it was stuck still */
export const endStuckStep = async (
  manager: EntityManager,
  { run_id: run, step }: StuckStep,
): Promise<boolean> => {
  // Tasks, shards, step: as everybody locks.
  await manager.query(
    'select from flow_task where run_id = $1 and step = $2 order by idx for update',
    [run, step],
  );
  await manager.query(
    'select from flow_shard where run_id = $1 and step = $2 order by shard for update',
    [run, step],
  );
  const [[ended]] = await manager.query<
    [{ plan_id: string; traceparent: string | null }[], number]
  >(
    `update flow_step step set pending_tasks = 0, ended_at = clock_timestamp(),
       state = case when step.kind = 'map' and step.pending_tasks > 0 then 'completed'
         else (select max(task.state) from flow_task task where task.run_id = $1 and task.step = $2) end,
       reason = (select max(task.error) from flow_task task where task.run_id = $1 and task.step = $2 and task.idx <= 0)
     from flow_run run
     where run.id = $1 and run.state = 'running' and step.run_id = $1 and step.name = $2 and step.state = 'running'
       and ${hasEnded('$1', '$2')}
     returning run.plan_id, run.traceparent`,
    [run, step],
  );
  if (!ended) return false;
  await manager.query(
    'update flow_shard set pending = 0 where run_id = $1 and step = $2',
    [run, step],
  );
  const plan = await loadPlan(manager, ended.plan_id);
  await createPostgresBackend(manager.dataSource).follow(
    { run, step },
    followersOf(plan, {
      run,
      step,
      traceparent: ended.traceparent ?? undefined,
    }),
    manager,
  );
  return true;
};
