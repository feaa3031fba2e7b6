import type { EntityManager } from 'typeorm';

import { TaskLostError, WaitTimeoutError } from '../errors.ts';
import { persistently } from '../execution/persistently.ts';
import { isSkipped, skipped, taskKey } from './known.ts';
import { anotherJob, park } from './own.ts';
import type { Running, StepType } from './running.ts';

/** Takes the signal that came first. Whoever sends one locks the step, too, so that none is overlooked. */
const takeSignal = async (
  manager: EntityManager,
  { task }: Running,
): Promise<{ readonly payload: string } | undefined> => {
  // The lock is a statement of its own: the next one sees what was sent before.
  await manager.query(
    'select from flow_step where run_id = $1 and name = $2 for update',
    [task.run, task.step],
  );
  const [[signal]] = await manager.query<
    [{ payload: string | null }[], number]
  >(
    `update flow_signal set consumed_at = clock_timestamp()
     where id = (
       select id from flow_signal where run_id = $1 and name = $2 and consumed_at is null
       order by sent_at, id limit 1)
     returning payload::text as payload`,
    [task.run, task.step],
  );
  return signal && { payload: signal.payload ?? 'null' };
};

/** Ends with a signal that is there, or begins to wait. @returns whether its time is up, and none has come */
const takeOrPark = async (
  manager: EntityManager,
  running: Running,
): Promise<boolean> => {
  const { task, plan, planned, channel } = running;
  // Before the step, as everybody does.
  await manager.query(
    'select from flow_task where run_id = $1 and step = $2 and idx = 0 for update',
    [task.run, task.step],
  );
  const signal = await takeSignal(manager, running);
  if (signal) {
    const settled = await channel.settle(
      { ...task, plan, state: 'completed', output: signal.payload },
      manager,
    );
    // The signal is left to whoever waits next.
    if (settled === 'lost') throw new TaskLostError(taskKey(task));
    return false;
  }
  if (task.isDue) return true;
  await park(
    running,
    planned.waitSeconds === null
      ? {}
      : { seconds: planned.waitSeconds, timer: anotherJob(running) },
    manager,
  );
  return false;
};

/** A wait for a signal: ends with the first one, or waits until one is sent, or its time is up. */
export const runWait: StepType = async (running) => {
  if (isSkipped(running)) return skipped;
  const { task, planned, settling, signal } = running;
  const hasTimedOut = await persistently(
    () => settling.transaction((manager) => takeOrPark(manager, running)),
    signal,
  );
  if (hasTimedOut) throw new WaitTimeoutError(task.step, planned.waitSeconds);
  return { type: 'written' };
};
