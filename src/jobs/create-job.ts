import type { EntityManager } from 'typeorm';

import type { JobInput, JobName } from './declarations.ts';
import type { Backoff, QueuePriority, TenantTier } from './queue.ts';
import type { QueueName } from './queues.ts';

export interface JobOptions<Name extends JobName> {
  readonly payload: JobInput[Name];
  /** A time with its zone: a Date, or an ISO 8601 text that ends in `Z` or an offset. @default now */
  readonly run_at?: Date | string;
  /** @default the declaration's */
  readonly queue?: QueueName;
  /** @default the declaration's, else the queue's */
  readonly priority?: QueuePriority;
  /** A second job with the same key is not created; the first one's id is returned. At most 512 bytes. */
  readonly idempotencyKey?: string;
  /** Whose job it is: limits count by it. */
  readonly tenant?: { readonly id: string; readonly tier?: TenantTier };
  /** Jobs of one key keep their order in a strict queue. */
  readonly key?: string;
  /** In all. @default the declaration's, else the queue's */
  readonly attempts?: number;
  /** @default the declaration's, else the queue's */
  readonly backoff?: Backoff;
  /** Seconds. @default the declaration's, else the queue's */
  readonly timeout?: number;
}

export interface CreateJobContext {
  /**
   * The transaction that the job belongs to: it exists if and only if that commits.
   *
   * @default the transaction of the transactional handler that runs, else one of its own
   */
  readonly manager?: EntityManager;
}
