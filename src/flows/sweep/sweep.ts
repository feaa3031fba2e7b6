import type { DataSource, EntityManager } from 'typeorm';

import type { Logger } from '../../logger.ts';
import { cancelFlow } from '../control/cancel.ts';
import { loadPlan } from '../control/plans.ts';
import { requeue } from '../control/requeue.ts';
import { RunStateError } from '../errors.ts';
import { deadJobs } from './dead-jobs.ts';
import {
  endStuckStep,
  firstRun,
  type RunPlace,
  stuckSteps,
  type StuckStep,
} from './stuck-steps.ts';
import { first, lockStuck, type Place, stuckTasks } from './stuck-tasks.ts';

/** Tasks, and steps, mended by one sweep; the next one goes on. */
const batch = 500;

/** Of all processes one sweeps at a time. */
const lock = `select pg_try_advisory_xact_lock(hashtext('nightshift flows sweep'), 0) as taken`;

/** How far the sweeps over some connections have come: each reads a page, and the next one goes on behind it. */
interface Progress {
  tasks: Place;
  runs: RunPlace;
}

const progressOver = new WeakMap<DataSource, Progress>();

const progressOf = (con: DataSource): Progress => {
  const progress = progressOver.get(con) ?? { tasks: first, runs: firstRun };
  progressOver.set(con, progress);
  return progress;
};

/** Mends one run after the other; one that cannot be mended keeps none of the others from it. @returns how many */
const eachRun = async <Stuck extends { readonly run_id: string }>(
  manager: EntityManager,
  logger: Logger,
  stuck: readonly Stuck[],
  mend: (
    own: EntityManager,
    run: string,
    ofRun: readonly Stuck[],
  ) => Promise<number>,
): Promise<number> => {
  let mended = 0;
  for (const [run, ofRun] of Map.groupBy(stuck, ({ run_id }) => run_id))
    try {
      mended += await manager.transaction((own) => mend(own, run, ofRun));
    } catch (error) {
      logger.error(
        { err: error, run },
        'a run of a flow is stuck and could not be mended; others are. nightshift flows show tells of it',
      );
    }
  return mended;
};

const giveJobs = async (
  manager: EntityManager,
  run: string,
  places: readonly Place[],
): Promise<number> => {
  const tasks = await lockStuck(manager, run, places);
  const [row] = await manager.query<
    { plan_id: string; traceparent: string | null }[]
  >('select plan_id, traceparent from flow_run where id = $1', [run]);
  if (!row || tasks.length === 0) return 0;
  const plan = await loadPlan(manager, row.plan_id);
  await requeue(manager, plan, row.traceparent, tasks);
  return tasks.length;
};

const endSteps = async (
  manager: EntityManager,
  _run: string,
  steps: readonly StuckStep[],
): Promise<number> => {
  let ended = 0;
  for (const step of steps) if (await endStuckStep(manager, step)) ended += 1;
  return ended;
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
 * Finds what nobody will ever carry on, and carries it on: tasks whose job is gone (deleted by hand, or lost with a
 * table), also while they wait for a time; steps that wait for a child that has ended or a signal that has come; steps
 * whose tasks have all ended; tasks whose job failed in a process that knows nothing of flows. Cancels
 * children of cancelled runs. A sweep reads a page of what is active, and the next one goes on behind it.
 *
 * @returns how many it mended
 */
export const sweepFlows = async (
  con: DataSource,
  logger: Logger,
): Promise<number> => {
  const progress = progressOf(con);
  const mended = await con.transaction(async (manager) => {
    const [row] = await manager.query<{ taken: boolean }[]>(lock);
    if (!row?.taken) return undefined;
    const dead = await manager
      .transaction((own) => deadJobs(own))
      .catch((error: unknown) => {
        logger.error(
          { err: error },
          'tasks whose jobs have failed could not be settled; others are mended',
        );
        return 0;
      });
    const tasks = await stuckTasks(manager, progress.tasks);
    const steps = await stuckSteps(manager, progress.runs);
    const ofTasks = tasks.stuck.slice(0, batch);
    const ofSteps = steps.stuck.slice(0, batch);
    const done =
      (await eachRun(manager, logger, ofTasks, giveJobs)) +
      (await eachRun(manager, logger, ofSteps, endSteps));
    // Behind the last of a batch even if none of it could be mended: those behind it wait, too.
    const lastTask = tasks.stuck.length > batch ? ofTasks.at(-1) : undefined;
    const lastStep = steps.stuck.length > batch ? ofSteps.at(-1) : undefined;
    progress.tasks = lastTask ?? tasks.next;
    progress.runs = lastStep
      ? { created_at: lastStep.created_at, id: lastStep.run_id }
      : steps.next;
    return dead + done;
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
