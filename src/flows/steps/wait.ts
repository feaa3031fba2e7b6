import type { EntityManager } from 'typeorm';

import { TaskLostError, WaitTimeoutError } from '../errors.ts';
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

/** A wait for a signal: ends with the first one, or waits until one is sent, or its time is up. */
export const runWait: StepType = async (running) => {
  if (isSkipped(running)) return skipped;
  const { task, plan, planned, channel, settling } = running;
  let hasTimedOut = false;
  await settling.transaction(async (manager) => {
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
    } else if (task.isDue) hasTimedOut = true;
    else
      await park(
        running,
        planned.waitSeconds === null
          ? {}
          : { seconds: planned.waitSeconds, timer: anotherJob(running) },
        manager,
      );
  });
  if (hasTimedOut) throw new WaitTimeoutError(task.step, planned.waitSeconds);
  return { type: 'written' };
};
