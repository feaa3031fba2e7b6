import type { EntityManager } from 'typeorm';

import { createJobs } from '../create-job.ts';
import type { JobName } from '../declarations.ts';
import type { Enqueued } from '../port.ts';
import type { ScheduledJob } from './schedule.ts';

/** Creates a schedule's job in the transaction of `manager`, unless one of this key was there. */
export const createScheduledJob = async (
  manager: EntityManager,
  { job, payload }: ScheduledJob,
  idempotencyKey?: string,
): Promise<Enqueued> => {
  const [enqueued] = await createJobs<JobName>(
    job,
    [
      {
        payload,
        ...(idempotencyKey !== undefined && { idempotencyKey }),
      },
    ],
    { manager },
  );
  return enqueued!;
};
