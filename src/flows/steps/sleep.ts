import { PermanentError } from '../../dead-letters/permanent-error.ts';
import { knownOf } from './known.ts';
import { anotherJob, park } from './own.ts';
import type { StepType } from './running.ts';

const longest = 365 * 24 * 3_600;

/** A step of a flow wants to sleep for a time that is none. */
export class InvalidSleepError extends PermanentError {
  override readonly name = 'InvalidSleepError';

  constructor(
    readonly step: string,
    readonly seconds: unknown,
  ) {
    super(
      `expected ${step} to sleep for 0 to ${longest} seconds, got: ${String(seconds)}`,
    );
  }
}

/** A sleep: decides how long, waits with a job that is due then, and ends. */
export const runSleep: StepType = async (running) => {
  const { work } = running.definition;
  if (work.kind !== 'sleep') throw new TypeError('expected a sleep');
  const { task } = running;
  if (task.isDue) return { type: 'ended', state: 'completed' };
  const seconds = work.seconds(knownOf(running));
  if (!(seconds >= 0 && seconds <= longest))
    throw new InvalidSleepError(task.step, seconds);
  await park(running, { seconds, timer: anotherJob(running) });
  return { type: 'written' };
};
