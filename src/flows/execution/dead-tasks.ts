import type { EntityManager } from 'typeorm';

import { writeDeadLetter } from '../../dead-letters/desk.ts';
import { shortened, storable } from '../../dead-letters/text.ts';
import type { DeadJob } from '../../jobs/port.ts';
import { prepared } from '../../jobs/store/prepared.ts';
import { taskRef, type TaskRef } from '../backend/job.ts';
import { wakeSql } from '../backend/wake-sql.ts';
import { createPostgresBackend } from '../backend/postgres-backend.ts';
import { findPlan } from '../control/plans.ts';
import type { Plan } from '../plan.ts';
import { followersOf } from './followers.ts';

const longestError = 4_000;

/**
 * The task `$1` to `$3` of the job `$4`, if nobody else owns it. A job may have died before it claimed its task,
 * whose fence is an older one's then.
 */
const owned = `task.run_id = $1 and task.step = $2 and task.idx = $3 and task.job_id = $4
      and (task.state in ('queued', 'waiting') or (task.state = 'running' and task.fence <= $5))`;

/**
 * A task has failed for good, and with it its step and its run; whoever waits for the run as its child is
 * woken to see that. Nothing if the task has another owner, or an end, by now.
 */
const failStatement = `
  with held as materialized (
    select task.run_id, task.step, task.idx from flow_task task join flow_run run on run.id = task.run_id
    where ${owned} and run.state <> 'cancelled'
    for update of task
  ), failed as (
    update flow_task task set state = 'failed', error = $6, ended_at = clock_timestamp()
    from held where task.run_id = held.run_id and task.step = held.step and task.idx = held.idx
    returning task.run_id, task.step, task.idx
  ), step as (
    update flow_step step set state = 'failed', reason = $6, ended_at = clock_timestamp()
    from failed where step.run_id = failed.run_id and step.name = failed.step
    returning step.run_id
  ), run as (
    update flow_run run set state = 'failed', reason = 'the step ' || $2 || ' failed', ended_at = clock_timestamp()
    from step where run.id = step.run_id and run.state in ('running', 'paused')
    returning run.id, run.parent_run, run.parent_step, run.wake
  ), ${wakeSql('run')}, event as (
    insert into flow_event (run_id, type, step, idx, detail)
    select run_id, 'step failed', step, idx, jsonb_build_object('error', $6::text) from failed
    union all select id, 'run failed', null, null, null from run
  )
  select run_id, (select count(*) from told) as told from failed`;

/** A settle is for a task that runs under the fence of its job. */
const takeStatement = `update flow_task task set state = 'running', fence = $5 where ${owned}`;

const skip = async (
  manager: EntityManager,
  { claim, attempt, ...ref }: TaskRef & { claim: DeadJob; attempt: number },
  plan: Plan,
  error: string,
  traceparent: string | null,
): Promise<void> => {
  await prepared(manager, takeStatement, [
    ref.run,
    ref.step,
    ref.idx,
    claim.id,
    claim.fence,
  ]);
  await createPostgresBackend(manager.dataSource).settle(
    [
      {
        ...ref,
        claim,
        attempt,
        state: 'skipped',
        output: undefined,
        error,
      },
    ],
    followersOf(plan, { ...ref, traceparent: traceparent ?? undefined }),
    manager,
  );
};

interface RunRow {
  readonly flow: string;
  readonly plan_id: string;
  readonly traceparent: string | null;
}

/** Settles a task whose attempts are used up: its step fails or is skipped, as the plan says. */
const settleDead = async (
  manager: EntityManager,
  job: DeadJob,
): Promise<void> => {
  // One that names no task has nothing to settle; to throw would keep all others from their ends.
  const parsed = taskRef.safeParse(job.payload);
  if (!parsed.success) return;
  const ref = parsed.data;
  const [run] = await manager.query<RunRow[]>(
    'select flow, plan_id, traceparent from flow_run where id = $1',
    [ref.run],
  );
  if (!run) return;
  const error = storable(
    shortened(`${job.error.name}: ${job.error.message}`, longestError),
  );
  const plan = await findPlan(manager, run.plan_id);
  const planned = plan?.steps.find(({ name }) => name === ref.step);
  if (plan && planned?.onExhausted === 'skip') {
    await skip(
      manager,
      { ...ref, claim: job, attempt: job.attempt },
      plan,
      error,
      run.traceparent,
    );
    return;
  }
  const failed = await prepared<unknown>(manager, failStatement, [
    ref.run,
    ref.step,
    ref.idx,
    job.id,
    job.fence,
    error,
  ]);
  if (failed.length === 0) return;
  await writeDeadLetter(manager, {
    source: 'flow',
    subscription: run.flow,
    topic: ref.step,
    identity: `${ref.run}:${ref.step}`,
    eventId: ref.run,
    payload: Buffer.from(JSON.stringify(ref)),
    attributes: {},
    error: job.error,
    attempts: job.attempt,
  });
};

/** Settles the tasks of jobs that failed for good, in the transaction in which they did. */
export const settleDeadTasks = async (
  manager: EntityManager,
  jobs: readonly DeadJob[],
): Promise<void> => {
  for (const job of jobs) await settleDead(manager, job);
};
