import type { EntityManager } from 'typeorm';

import { insertRun } from '../control/insert-run.ts';
import { jobRecord } from '../../jobs/store/enqueue.ts';
import type { StepWork } from '../dsl/definition.ts';
import { ChildFailedError } from '../errors.ts';
import { persistently } from '../execution/persistently.ts';
import { encoded, knownOf, taskKey } from './known.ts';
import { anotherJob, park } from './own.ts';
import type { Running, StepType, TaskOutcome } from './running.ts';
import { runOutput } from '../read/output.ts';

type ChildWork = Extract<StepWork, { readonly kind: 'child' }>;

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

/** What the child is to be started with, or what the flow's own code threw instead. */
type ChildInput = { readonly json: string } | { readonly error: unknown };

const inputOf = (running: Running, work: ChildWork): ChildInput => {
  try {
    return { json: encoded(running, work.input(knownOf(running))) };
  } catch (error) {
    return { error };
  }
};

const startChild = async (
  manager: EntityManager,
  { task }: Running,
  flow: ChildWork['flow'],
  input: string,
): Promise<string> => {
  const { id } = await insertRun(manager, {
    flow,
    input,
    key: `child of ${taskKey(task)}`,
    cause: task.run,
    traceparent: task.traceparent,
    parent: { run: task.run, step: task.step },
  });
  return id;
};

/** @returns an error if that is the flow's own: only what the database says is tried again */
const startOrEnd = async (
  manager: EntityManager,
  running: Running,
  work: ChildWork,
): Promise<
  TaskOutcome | { readonly type: 'threw'; readonly error: unknown }
> => {
  const child = await lockChild(manager, running);
  if (!child) {
    const input = inputOf(running, work);
    if ('error' in input) return { type: 'threw', error: input.error };
    await waitFor(
      manager,
      running,
      await startChild(manager, running, work.flow, input.json),
    );
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
};

/** A child: starts a run of another flow, waits for its end, and ends with its output. */
export const runChild: StepType = async (running) => {
  const { settling, definition, signal } = running;
  const { work } = definition;
  if (work.kind !== 'child') throw new TypeError('expected a child');
  const outcome = await persistently(
    () => settling.transaction((manager) => startOrEnd(manager, running, work)),
    signal,
  );
  if (outcome.type === 'threw') throw outcome.error;
  return outcome;
};
