import type { EntityManager } from 'typeorm';

import {
  newOperation,
  type Operator,
  recordAction,
} from '../../dead-letters/audit.ts';
import { wakeUpChannel } from '../wake-up.ts';

const record = (
  manager: EntityManager,
  action: string,
  queue: string,
  operator: Operator,
): Promise<void> =>
  recordAction(manager, {
    ...operator,
    operation: newOperation(),
    action,
    filter: { queue },
    counts: {},
  });

/** Lets no process claim jobs of a queue any more; those that run go on. Audited. */
export const pauseQueue = (
  manager: EntityManager,
  queue: string,
  operator: Operator,
): Promise<void> =>
  manager.transaction(async (transaction) => {
    await transaction.query(
      `insert into job_queue (name, paused_at, paused_by) values ($1, now(), $2)
       on conflict (name) do update set
         paused_at = coalesce(job_queue.paused_at, excluded.paused_at),
         paused_by = coalesce(job_queue.paused_by, excluded.paused_by)`,
      [queue, operator.actor],
    );
    await record(transaction, 'queues.pause', queue, operator);
  });

/** Lets a paused queue go on, at once in every process. Audited. */
export const resumeQueue = (
  manager: EntityManager,
  queue: string,
  operator: Operator,
): Promise<void> =>
  manager.transaction(async (transaction) => {
    await transaction.query(
      'update job_queue set paused_at = null, paused_by = null where name = $1',
      [queue],
    );
    await transaction.query('select pg_notify($1, $2)', [wakeUpChannel, queue]);
    await record(transaction, 'queues.resume', queue, operator);
  });
