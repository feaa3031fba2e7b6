import { type QueueDefinition, queueOf } from '../queue.ts';
import { queues } from '../queues.ts';

const definitions: Readonly<Record<string, QueueDefinition>> = queues;

/** The strict queues that wait when their head has failed for good. */
export const haltingQueues = (): string[] =>
  Object.entries(definitions)
    .filter(([, definition]) => {
      const { order, onExhausted } = queueOf(definition);
      return order === 'strict' && onExhausted === 'halt';
    })
    .map(([name]) => name);
