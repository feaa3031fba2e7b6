import { isSkipped, knownOf, skipped } from './known.ts';
import type { StepType } from './running.ts';
import { runHandler } from './work.ts';

/** A task: its handler is called with the outputs of the steps before. */
export const runTask: StepType = async (running) => {
  const { work } = running.definition;
  if (work.kind !== 'task') throw new TypeError('expected a task');
  if (isSkipped(running)) return skipped;
  return runHandler(running, work.handler, knownOf(running));
};
