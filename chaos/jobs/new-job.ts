import { v7 as uuidv7 } from 'uuid';

import type { NewJob } from '../../src/jobs/port.ts';
import type { Queue } from '../../src/jobs/queue.ts';

/** A job with its queue's settings where it does not say otherwise. */
export const newJob = (
  name: string,
  queue: string,
  definition: Queue,
  job: Partial<NewJob> = {},
): NewJob => ({
  id: uuidv7(),
  queue,
  name,
  payload: '{}',
  priority: definition.priority,
  runAt: undefined,
  tenant: undefined,
  tier: undefined,
  key: undefined,
  lane: definition.order === 'strict' ? (job.key ?? '') : undefined,
  idempotencyKey: undefined,
  attempts: definition.attempts,
  backoff: definition.backoff,
  timeoutSeconds: definition.timeoutSeconds,
  cause: undefined,
  traceparent: undefined,
  ...job,
});
