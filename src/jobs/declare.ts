import type { z } from 'zod';

import type { Backoff, QueuePriority } from './queue.ts';
import type { QueueName } from './queues.ts';

/** What is said once about all jobs of a name; whoever creates one may say otherwise for that one. */
export interface JobDeclaration<Payload extends z.ZodType = z.ZodType> {
  readonly payload: Payload;
  /** @default 'default' */
  readonly queue?: QueueName;
  /** @default the queue's */
  readonly priority?: QueuePriority;
  /** Attempts in all. @default the queue's */
  readonly attempts?: number;
  /** @default the queue's */
  readonly backoff?: Backoff;
  /** Seconds that one attempt may take. @default the queue's */
  readonly timeoutSeconds?: number;
}

/** Declares the jobs of one name by their payload. */
export const declareJob = <Payload extends z.ZodType>(
  payload: Payload,
  options: Omit<JobDeclaration, 'payload'> = {},
): JobDeclaration<Payload> => ({ payload, ...options });
