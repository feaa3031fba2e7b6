import { z } from 'zod';

import { QueuePriority, TenantTier } from '../../jobs/queue.ts';
import { JobNames } from '../../jobs/declarations.ts';
import { type QueueName, queues } from '../../jobs/queues.ts';

const queueNames = Object.keys(queues) as QueueName[];
const priorityNames = Object.keys(
  QueuePriority,
) as (keyof typeof QueuePriority)[];

const text = z.string().min(1).max(512);

/** A job to create. What its payload has to be is said where the job is declared. */
export const newJobBody = z.strictObject({
  name: z.enum(JobNames).describe('The name of a declared job.'),
  payload: z
    .unknown()
    .refine((payload) => payload !== undefined, 'expected a payload')
    .describe('As the job declares it; at most 1 MB of JSON.'),
  run_at: z.iso
    .datetime({
      offset: true,
      error:
        'expected an ISO 8601 time with its zone, such as 2026-11-23T09:00:00Z or …+01:00',
    })
    .optional()
    .describe('Not before this time. Default: now.'),
  queue: z.enum(queueNames).optional().describe("Default: the job's."),
  priority: z.enum(priorityNames).optional(),
  idempotencyKey: text
    .optional()
    .describe('A second job of this name and key is never created.'),
  tenant: z
    .strictObject({
      id: text,
      tier: z.enum(Object.values(TenantTier)).optional(),
    })
    .optional(),
  key: text
    .optional()
    .describe('Jobs of one key keep their order in a strict queue.'),
  attempts: z.int().min(1).max(100).optional().describe('Attempts in all.'),
  backoff: z
    .strictObject({
      seconds: z.number().min(0).max(31_536_000),
      growth: z.enum(['exponential', 'fixed']).optional(),
      longest: z.number().min(0).max(31_536_000).optional(),
    })
    .optional(),
  timeout: z
    .number()
    .positive()
    .max(86_400)
    .optional()
    .describe('Seconds for one attempt.'),
});

export const jobParameters = z.object({ id: z.uuid() });

/** Jobs that one request may run. */
const mostRun = 1_000;

export const runQuery = z.strictObject({
  queue: z.enum(queueNames).default('default'),
  status: z
    .enum(['pending', 'failed'])
    .default('pending')
    .describe('failed: runs jobs whose attempts are used up, each once more.'),
  limit: z.coerce.number().int().min(1).max(mostRun).default(1),
});
