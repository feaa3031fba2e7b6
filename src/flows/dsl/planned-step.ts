import { queueOf } from '../../jobs/queue.ts';
import { queues } from '../../jobs/queues.ts';
import type { PlannedStep } from '../plan.ts';
import type { StepWork } from './definition.ts';
import type { AttemptOptions, OrderOptions } from './options.ts';

/** What our own part of a step may take: looking for a signal, starting a child. */
const ownSeconds = 30;

/** Fills in what a step leaves out, by its queue. */
export const plannedStep = (
  name: string,
  work: StepWork,
  options: OrderOptions<string> &
    AttemptOptions & { readonly transactional?: boolean },
  {
    waitSeconds = null,
    childFlow = null,
  }: {
    readonly waitSeconds?: number | null;
    readonly childFlow?: string | null;
  },
): PlannedStep => {
  const queueName = options.queue ?? 'flows';
  const queue = queueOf(queues[queueName]);
  const isOurs =
    work.kind === 'wait' || work.kind === 'sleep' || work.kind === 'child';
  return {
    name,
    kind: work.kind,
    deps: [...new Set(options.dependsOn ?? [])],
    transactional: options.transactional ?? false,
    conditional: 'when' in work && work.when !== undefined,
    queue: queueName,
    priority: options.priority ?? queue.priority,
    attempts: options.attempts ?? queue.attempts,
    backoff: options.backoff ?? queue.backoff,
    timeoutSeconds:
      options.timeoutSeconds ?? (isOurs ? ownSeconds : queue.timeoutSeconds),
    onExhausted: options.onExhausted ?? 'fail',
    waitSeconds,
    childFlow,
  };
};
