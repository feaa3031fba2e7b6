import type { EntityManager } from 'typeorm';

import type { Operator } from '../../dead-letters/audit.ts';
import { RunStateError, UnknownStepOfRunError } from '../errors.ts';
import { rewind, stepsFrom } from '../orchestration/rewind.ts';
import { recordControl } from './audit.ts';
import { cancelChildren } from './cancel.ts';
import { loadPlan } from './plans.ts';
import { type IdleTask, requeue, wantsJob } from './requeue.ts';
import { launch, resetSteps } from './reset.ts';
import { type RunRow, runRow } from './run-row.ts';

export interface RetryOptions {
  /** Begin again with this step and everything below it, whatever came out of them. @default the steps that failed */
  readonly from?: string;
}

/** Every task, then every step, then the run: the order in which everybody locks. */
const lockRun = async (
  manager: EntityManager,
  run: string,
): Promise<readonly { name: string; state: string }[]> => {
  await manager.query(
    'select from flow_task where run_id = $1 order by step, idx for update',
    [run],
  );
  const steps = await manager.query<{ name: string; state: string }[]>(
    'select name, state from flow_step where run_id = $1 order by position for update',
    [run],
  );
  await manager.query('select from flow_run where id = $1 for update', [run]);
  return steps;
};

/** Children of steps that begin again; those that have completed are not asked again. */
const unfinishedChildren = async (
  manager: EntityManager,
  run: string,
): Promise<string[]> => {
  const rows = await manager.query<{ id: string }[]>(
    `select id from flow_run where parent_run = $1 and state in ('failed', 'cancelled')`,
    [run],
  );
  return rows.map(({ id }) => id);
};

/**
 * Lets a run that failed or was cancelled go on: the failed steps, and of a map the items that failed, with
 * all their attempts again, and everything below. What completed keeps its output. Its entries at the
 * dead-letter desk are closed, its failed children are retried with it. Audited.
 *
 * @throws UnknownRunError; RunStateError if it runs, or has completed and no step is named; UnknownStepOfRunError
 */
export const retryFlow = async (
  manager: EntityManager,
  run: string,
  operator: Operator,
  { from }: RetryOptions = {},
): Promise<void> => {
  const before = await runRow(manager, run);
  refuseUnlessEnded(before, from);
  // Children first, as everybody who locks both. Those below `from` are begun anew, not retried: two of a step must
  // not run at once.
  if (from !== undefined)
    await cancelChildren(manager, run, operator, [
      ...stepsFrom(await loadPlan(manager, before.plan_id), from),
    ]);
  else
    for (const child of await unfinishedChildren(manager, run))
      await retryFlow(manager, child, operator);
  await manager.transaction(async (own) => {
    const states = await lockRun(own, run);
    const row = await runRow(own, run);
    refuseUnlessEnded(row, from);
    const plan = await loadPlan(own, row.plan_id);
    if (from !== undefined && !states.some(({ name }) => name === from))
      throw new UnknownStepOfRunError(
        run,
        from,
        states.map(({ name }) => name),
      );
    const rewound = rewind(
      plan,
      new Map(states.map(({ name, state }) => [name, state])),
      from,
    );
    await resetSteps(own, run, rewound);
    // One that a healthy worker still has is left to it.
    const tasks = await own.query<IdleTask[]>(
      `select task.run_id, task.step, task.idx, task.state, task.due_at from flow_task task
       where run_id = $1 and (${wantsJob} or task.state in ('failed', 'waiting'))
         and (task.state <> 'running' or not exists (select from job where job.id = task.job_id))`,
      [run],
    );
    await requeue(own, plan, row.traceparent, tasks);
    await launch(own, plan, row, rewound.launched);
    await closeEntries(own, run, operator);
    await recordControl(
      own,
      'retry',
      'run retried',
      { run, flow: row.flow },
      operator,
      from === undefined ? {} : { from },
    );
    if (rewound.pending === 0)
      await own.query(
        `insert into flow_event (run_id, type) values ($1, 'run completed')`,
        [run],
      );
  });
};

const refuseUnlessEnded = (
  { id, state }: Pick<RunRow, 'id' | 'state'>,
  from: string | undefined,
): void => {
  if (state === 'failed' || state === 'cancelled') return;
  if (state === 'completed' && from !== undefined) return;
  throw new RunStateError(id, state, ['failed', 'cancelled']);
};

const closeEntries = async (
  manager: EntityManager,
  run: string,
  { actor, reason }: Operator,
): Promise<void> => {
  await manager.query(
    `update dead_letter set state = 'redriven', redrives = redrives + 1, state_changed_at = now(),
       state_changed_by = $2, state_reason = $3
     where source = 'flow' and event_id = $1 and state = 'open'`,
    [run, actor, reason ?? 'the run was retried'],
  );
};
