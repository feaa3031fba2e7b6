import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { enqueue } from '../../jobs/store/enqueue.ts';
import { firstIndex, jobOf } from '../backend/job.ts';
import type { Rewound } from '../orchestration/rewind.ts';
import type { Plan, PlannedStep } from '../plan.ts';
import type { RunRow } from './run-row.ts';

/**
 * Writes down how a run goes on: what it did below is gone, its counters are right again. One that was cancelled while
 * its last step ended has nothing left to do. The caller has locked it.
 */
export const resetSteps = async (
  manager: EntityManager,
  run: string,
  { reset, resumed, pending }: Rewound,
): Promise<void> => {
  const names = reset.map(({ step }) => step.name);
  for (const table of ['flow_task', 'flow_shard'])
    await manager.query(
      `delete from ${table} where run_id = $1 and step = any($2)`,
      [run, names],
    );
  // What was sent is still said, and a child that ended is nobody's any more.
  await manager.query(
    'update flow_signal set consumed_at = null where run_id = $1 and name = any($2)',
    [run, names],
  );
  await manager.query(
    `update flow_run set parent_run = null, wake = null, key = key || ', before ' || $3
     where parent_run = $1 and parent_step = any($2)`,
    [run, names, uuidv7()],
  );
  await manager.query(
    `update flow_step step set state = case when entry.waiting_on = 0 then 'running' else 'pending' end,
       waiting_on = entry.waiting_on, pending_tasks = case when entry.waiting_on = 0 then 1 else 0 end,
       reason = null, ended_at = null, started_at = case when entry.waiting_on = 0 then clock_timestamp() end
     from unnest($2::text[], $3::int[]) as entry (name, waiting_on)
     where step.run_id = $1 and step.name = entry.name`,
    [run, names, reset.map(({ waitingOn }) => waitingOn)],
  );
  await manager.query(
    `update flow_step set state = 'running', reason = null, ended_at = null
     where run_id = $1 and name = any($2)`,
    [run, resumed],
  );
  await manager.query(
    `update flow_run set state = case when $2 = 0 then 'completed' else 'running' end, reason = null,
       ended_at = case when $2 = 0 then clock_timestamp() end, pending = $2
     where id = $1`,
    [run, pending],
  );
};

/** Lets steps begin with their first tasks. */
export const launch = async (
  manager: EntityManager,
  plan: Plan,
  { id: run, traceparent }: Pick<RunRow, 'id' | 'traceparent'>,
  steps: readonly PlannedStep[],
): Promise<void> => {
  const jobs = steps.map((step) =>
    jobOf(
      plan,
      step,
      { run, step: step.name, idx: firstIndex(step) },
      uuidv7(),
      {
        traceparent: traceparent ?? undefined,
      },
    ),
  );
  await manager.query(
    `insert into flow_task (run_id, step, idx, state, job_id)
     select $1, step, idx, 'queued', job_id from unnest($2::text[], $3::int[], $4::uuid[]) as entry (step, idx, job_id)`,
    [
      run,
      steps.map(({ name }) => name),
      steps.map(firstIndex),
      jobs.map(({ id }) => id),
    ],
  );
  await enqueue(manager, jobs);
};
