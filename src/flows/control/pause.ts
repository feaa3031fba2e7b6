import type { EntityManager } from 'typeorm';

import type { Operator } from '../../dead-letters/audit.ts';
import { recordControl } from './audit.ts';
import { loadPlan } from './plans.ts';
import { type IdleTask, requeue, wantsJob } from './requeue.ts';
import { refuseState, type RunRow } from './run-row.ts';

/**
 * Lets no more tasks of a run begin; those that run go on to their ends. Signals are kept. Audited.
 *
 * @throws UnknownRunError; RunStateError if it does not run
 */
export const pauseFlow = (
  manager: EntityManager,
  run: string,
  operator: Operator,
): Promise<void> =>
  manager.transaction(async (own) => {
    const [[row]] = await own.query<[RunRow[], number]>(
      `update flow_run set state = 'paused', reason = $2 where id = $1 and state = 'running' returning flow`,
      [run, operator.reason ?? `paused by ${operator.actor}`],
    );
    if (!row) return refuseState(own, run, ['running']);
    await recordControl(
      own,
      'pause',
      'run paused',
      { run, flow: row.flow },
      operator,
    );
  });

/**
 * Lets a paused run go on, from where it was. Audited.
 *
 * @throws UnknownRunError; RunStateError if it is not paused
 */
export const resumeFlow = (
  manager: EntityManager,
  run: string,
  operator: Operator,
): Promise<void> =>
  manager.transaction(async (own) => {
    // Those whose message came while the run was paused have none any more.
    const tasks = await own.query<IdleTask[]>(
      `select task.run_id, task.step, task.idx, task.state, task.due_at from flow_task task
       where run_id = $1 and ${wantsJob}
         and (task.state <> 'running' or not exists (select from job where job.id = task.job_id))
       order by step, idx for update`,
      [run],
    );
    const [[row]] = await own.query<[RunRow[], number]>(
      `update flow_run set state = 'running', reason = null where id = $1 and state = 'paused'
       returning flow, plan_id, traceparent`,
      [run],
    );
    if (!row) return refuseState(own, run, ['paused']);
    const plan = await loadPlan(own, row.plan_id);
    await requeue(own, plan, row.traceparent, tasks);
    await recordControl(
      own,
      'resume',
      'run resumed',
      { run, flow: row.flow },
      operator,
    );
  });
