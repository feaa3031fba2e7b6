import type { EntityManager } from 'typeorm';

import { insertRun } from '../control/insert-run.ts';
import { jobRecord } from '../../jobs/store/enqueue.ts';
import { ChildFailedError } from '../errors.ts';
import { encoded, knownOf, taskKey } from './known.ts';
import { anotherJob, park } from './own.ts';
import type { Running, StepType, TaskOutcome } from './running.ts';
import { runOutput } from '../read/output.ts';

interface ChildRow {
  readonly id: string;
  readonly state: string;
}

/** The child is locked before its parent's task, as by the child's own end, which wakes the parent. */
const lockChild = async (
  manager: EntityManager,
  { task }: Running,
): Promise<ChildRow | undefined> => {
  const [row] = await manager.query<ChildRow[]>(
    `select id, state from flow_run where parent_run = $1 and parent_step = $2 for update`,
    [task.run, task.step],
  );
  return row;
};

/** Waits for the child's end: it wakes this task with the job that is written into its run. */
const waitFor = async (
  manager: EntityManager,
  running: Running,
  child: string,
): Promise<void> => {
  const wake = anotherJob(running);
  await manager.query('update flow_run set wake = $2 where id = $1', [
    child,
    JSON.stringify(jobRecord(wake, 0)),
  ]);
  await park(running, {}, manager);
};

const startChild = async (
  manager: EntityManager,
  running: Running,
): Promise<string> => {
  const { task, definition } = running;
  const { work } = definition;
  if (work.kind !== 'child') throw new TypeError('expected a child');
  const { id } = await insertRun(manager, {
    flow: work.flow,
    input: encoded(running, work.input(knownOf(running))),
    key: `child of ${taskKey(task)}`,
    cause: task.run,
    traceparent: task.traceparent,
    parent: { run: task.run, step: task.step },
  });
  return id;
};

/** A child: starts a run of another flow, waits for its end, and ends with its output. */
export const runChild: StepType = (running) =>
  running.settling.transaction(async (manager): Promise<TaskOutcome> => {
    const child = await lockChild(manager, running);
    if (!child) {
      await waitFor(manager, running, await startChild(manager, running));
      return { type: 'written' };
    }
    switch (child.state) {
      case 'completed':
        return {
          type: 'ended',
          state: 'completed',
          output: await runOutput(manager, child.id),
        };
      case 'failed':
      case 'cancelled':
        throw new ChildFailedError(child.id, child.state);
      default:
        await waitFor(manager, running, child.id);
        return { type: 'written' };
    }
  });
