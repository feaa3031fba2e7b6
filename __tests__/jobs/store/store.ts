import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import type {
  ClaimedJob,
  ClaimRequest,
  JobStore,
  NewJob,
} from '../../../src/jobs/port.ts';
import {
  type QueueDefinition,
  queueOf,
  QueuePriority,
} from '../../../src/jobs/queue.ts';
import { createPostgresStore } from '../../../src/jobs/store/postgres-store.ts';

/** A store whose queues are all of one definition, and what tests do with it. */
export const storeOf = (
  con: DataSource,
  definition: QueueDefinition = {},
  leaseSeconds = 10,
) => {
  const queue = queueOf(definition);
  const store: JobStore = createPostgresStore({
    con,
    queueOf: () => queue,
    leaseSeconds,
  });
  return {
    store,
    enqueue: async (...jobs: readonly Partial<NewJob>[]): Promise<string[]> => {
      const enqueued = await store.enqueue(
        con.manager,
        jobs.map((job) => newJob(queue.order === 'strict', job)),
      );
      return enqueued.map(({ id }) => id);
    },
    claim: (request: Partial<ClaimRequest> = {}): Promise<ClaimedJob[]> =>
      store.claim({ queue: 'default', limit: 10, worker: 'test', ...request }),
    complete: (job: ClaimedJob, result?: string) =>
      store.settle([
        {
          id: job.id,
          fence: job.fence,
          outcome: { type: 'completed', result },
        },
      ]),
    fail: (job: ClaimedJob, { permanent = false } = {}) =>
      store.settle([
        {
          id: job.id,
          fence: job.fence,
          outcome: { type: 'failed', error: new Error('no luck'), permanent },
        },
      ]),
  };
};

/** A job with defaults for all that a test does not care about. */
export const newJob = (isStrict: boolean, job: Partial<NewJob>): NewJob => ({
  id: uuidv7(),
  queue: 'default',
  name: 'test',
  payload: '{}',
  priority: QueuePriority.NORMAL,
  runAt: undefined,
  tenant: undefined,
  tier: undefined,
  key: undefined,
  lane: isStrict ? (job.key ?? '') : undefined,
  idempotencyKey: undefined,
  attempts: 3,
  backoff: { seconds: 0 },
  timeoutSeconds: 60,
  cause: undefined,
  traceparent: undefined,
  ...job,
});

export const idsOf = (jobs: readonly { id: string }[]): string[] =>
  jobs.map(({ id }) => id);

/** Empties every table of jobs. */
export const clearJobs = async (con: DataSource): Promise<void> => {
  await con.query(
    'truncate job, job_attempt, job_key, jobs_completed, job_queue, job_rate, dead_letter',
  );
};
