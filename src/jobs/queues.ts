import { type QueueDefinition, QueuePriority } from './queue.ts';

/**
 * Every queue. A job names one of these, at its declaration or when it is created. What may take longer than the
 * budget of `POST /api/worker`, 50 seconds less a reserve, is never run there.
 */
export const queues = {
  default: {},
  /** Strictly one after another, in order; per key when the job has one. */
  blocking: { order: 'strict', onExhausted: 'halt' },
  /** Feeds that sources are connected to. */
  sync: { concurrency: 5, timeoutSeconds: 45 },
  reconciliation: {
    priority: QueuePriority.HIGH,
    concurrency: 5,
    attempts: 3,
    timeoutSeconds: 300,
  },
  'webhook-delivery': { concurrency: 10, attempts: 5, timeoutSeconds: 30 },
  'export-generation': { concurrency: 3, attempts: 2, timeoutSeconds: 600 },
  'email-sending': {
    priority: QueuePriority.LOW,
    concurrency: 5,
    attempts: 3,
    timeoutSeconds: 45,
  },
  'cache-warming': {
    priority: QueuePriority.LOW,
    concurrency: 2,
    attempts: 1,
    timeoutSeconds: 45,
  },
  /** What operators do in bulk; a part of it takes half of this. */
  operator: {
    priority: QueuePriority.HIGH,
    concurrency: 2,
    attempts: 20,
    backoff: { seconds: 1, longest: 60 },
    timeoutSeconds: 45,
  },
  /** Steps of flows that name no queue of their own. */
  flows: { concurrency: 20, attempts: 3, timeoutSeconds: 45 },
} as const satisfies Record<string, QueueDefinition>;

export type QueueName = keyof typeof queues;

/** The names of the queues, for those who would rather not write text. */
export const JOB_QUEUE = {
  DEFAULT: 'default',
  BLOCKING: 'blocking',
  SYNC: 'sync',
  RECONCILIATION: 'reconciliation',
  WEBHOOK_DELIVERY: 'webhook-delivery',
  EXPORT_GENERATION: 'export-generation',
  EMAIL_SENDING: 'email-sending',
  CACHE_WARMING: 'cache-warming',
  OPERATOR: 'operator',
  FLOWS: 'flows',
} as const satisfies Record<string, QueueName>;
