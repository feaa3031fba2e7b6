import type { ClaimedTask } from '../backend/port.ts';
import type { RunningTask } from '../dsl/context.ts';
import type { AnyKnown } from '../dsl/definition.ts';
import { UnkeepableOutputError } from '../errors.ts';
import { keepable } from '../keepable.ts';
import type { Running, TaskOutcome } from './running.ts';

export const taskKey = ({
  run,
  step,
  idx,
}: Pick<ClaimedTask, 'run' | 'step' | 'idx'>): string =>
  `${run}:${step}:${idx}`;

export const knownOf = ({ task }: Running): AnyKnown => ({
  input: task.input,
  outputs: task.outputs,
});

/** The parts of a handler's context that all handlers have. */
export const contextOf = ({ task, context, signal }: Running) => ({
  task: {
    runId: task.run,
    flow: task.flow,
    step: task.step,
    index: Math.max(0, task.idx),
    key: taskKey(task),
    attempt: task.attempt,
    cause: task.cause,
  } satisfies RunningTask,
  logger: context.logger.child({
    run: task.run,
    step: task.step,
    index: task.idx,
  }),
  signal,
  progress: context.progress,
  log: context.log,
});

/** Whether a condition says that the step is not to be done. */
export const isSkipped = (running: Running): boolean => {
  const { work } = running.definition;
  return (
    'when' in work && work.when !== undefined && !work.when(knownOf(running))
  );
};

export const skipped: TaskOutcome = {
  type: 'ended',
  state: 'skipped',
  error: 'its condition was not met',
};

/** @throws UnkeepableOutputError */
export const encoded = ({ task }: Running, value: unknown): string => {
  const kept = keepable(value);
  if ('problem' in kept)
    throw new UnkeepableOutputError(task.flow, task.step, kept.problem);
  return kept.json;
};
