import type { DataSource, EntityManager } from 'typeorm';

import type { Logger } from '../../logger.ts';
import { cancelFlow } from '../control/cancel.ts';
import { loadPlan } from '../control/plans.ts';
import { type IdleTask, requeue, wantsJob } from '../control/requeue.ts';
import { RunStateError } from '../errors.ts';
import { deadJobs } from './dead-jobs.ts';

/** Tasks mended by one sweep; the next one goes on. */
const batch = 500;

/** Of all processes one sweeps at a time. */
const lock = `select pg_try_advisory_xact_lock(hashtext('nightshift flows sweep'), 0) as taken`;

interface Orphan extends IdleTask {
  readonly plan_id: string;
  readonly traceparent: string | null;
}

/** Tasks that no job will ever carry on. */
const orphans = (manager: EntityManager): Promise<Orphan[]> =>
  manager.query<Orphan[]>(
    `select task.run_id, task.step, task.idx, task.state, task.due_at, run.plan_id, run.traceparent
     from flow_task task join flow_run run on run.id = task.run_id
     where run.state = 'running' and ${wantsJob}
       and not exists (select from job where job.id = task.job_id)
     order by task.run_id, task.step, task.idx limit ${batch} for update of task skip locked`,
  );

/** Steps that wait for children that have ended. */
const unwoken = (manager: EntityManager): Promise<Orphan[]> =>
  manager.query<Orphan[]>(
    `select task.run_id, task.step, task.idx, 'queued' as state, null::timestamptz as due_at, run.plan_id, run.traceparent
     from flow_run child
     join flow_task task on task.run_id = child.parent_run and task.step = child.parent_step and task.idx = 0
     join flow_run run on run.id = task.run_id
     where child.parent_run is not null and child.state in ('completed', 'failed', 'cancelled')
       and run.state = 'running' and task.state = 'waiting'
     order by task.run_id, task.step limit ${batch} for update of task skip locked`,
  );

const giveJobs = async (
  manager: EntityManager,
  tasks: readonly Orphan[],
): Promise<void> => {
  const byRun = Map.groupBy(tasks, ({ run_id }) => run_id);
  for (const ofRun of byRun.values()) {
    const { plan_id, traceparent } = ofRun[0]!;
    await requeue(
      manager,
      await loadPlan(manager, plan_id),
      traceparent,
      ofRun,
    );
  }
};

/** Cancels children whose parent was cancelled by somebody who was killed before he had cancelled them. */
const cancelOrphanedChildren = async (
  manager: EntityManager,
): Promise<number> => {
  const children = await manager.query<{ id: string }[]>(
    `select child.id from flow_run child join flow_run parent on parent.id = child.parent_run
     where child.state in ('running', 'paused') and parent.state = 'cancelled' limit ${batch}`,
  );
  for (const { id } of children)
    await cancelFlow(manager, id, {
      actor: 'nightshift',
      reason: 'the run that waits for it was cancelled',
    }).catch((error: unknown) => {
      // It has ended meanwhile.
      if (!(error instanceof RunStateError)) throw error;
    });
  return children.length;
};

/**
 * Gives tasks whose job is gone (deleted by hand, or lost with a table) another one, wakes steps whose children have
 * ended, settles tasks whose job failed in a process that knows nothing of flows, and cancels children of
 * cancelled runs.
 *
 * @returns how many it mended
 */
export const sweepFlows = async (
  con: DataSource,
  logger: Logger,
): Promise<number> => {
  const mended = await con.transaction(async (manager) => {
    const [row] = await manager.query<{ taken: boolean }[]>(lock);
    if (!row?.taken) return undefined;
    const dead = await deadJobs(manager);
    const tasks = [...(await orphans(manager)), ...(await unwoken(manager))];
    await giveJobs(manager, tasks);
    return dead + tasks.length;
  });
  if (mended === undefined) return 0;
  const cancelled = await cancelOrphanedChildren(con.manager);
  if (mended + cancelled > 0)
    logger.warn(
      { tasks: mended, children: cancelled },
      'flows were waiting for jobs that are gone; they go on',
    );
  return mended + cancelled;
};
