import { z } from 'zod';

const outcome = z.enum([
  'completed',
  'retried',
  'exhausted',
  'released',
  'lost',
]);
const progress = z.object({ fraction: z.number(), at: z.string().optional() });
const time = z.iso.datetime();

/** What creating a job answers. */
export const createdAnswer = z.object({
  id: z.uuid(),
  created: z
    .boolean()
    .describe('false: a job with this idempotency key was there before.'),
});

/** A job as it can be looked at. */
export const jobAnswer = z.object({
  id: z.uuid(),
  name: z.string(),
  queue: z.string(),
  state: z.enum([
    'scheduled',
    'pending',
    'running',
    'completed',
    'failed',
    'cancelled',
  ]),
  priority: z.int(),
  tenant: z.string().optional(),
  key: z.string().optional(),
  attempt: z.int(),
  attempts: z.int(),
  result: z.unknown(),
  error: z.string().optional(),
  progress: progress.optional(),
  createdAt: time,
  runAt: time,
  startedAt: time.optional(),
  finishedAt: time.optional(),
  history: z.array(
    z.object({
      attempt: z.int(),
      worker: z.string(),
      startedAt: time,
      endedAt: time.optional(),
      error: z.string().optional(),
      progress: progress.optional(),
      log: z.array(z.string()),
    }),
  ),
});

/** What running jobs of a queue answers. */
export const runAnswer = z.object({
  jobs: z.array(
    z.object({ id: z.uuid(), name: z.string(), attempt: z.int(), outcome }),
  ),
});

/** What working for a while answers. */
export const workAnswer = z.object({
  scheduled: z.int().describe('Jobs that schedules created.'),
  counts: z.record(outcome, z.int()),
  tooLong: z
    .array(
      z.object({
        queue: z.string(),
        name: z.string(),
        timeoutSeconds: z.number(),
        jobs: z.int(),
      }),
    )
    .describe(
      'Jobs that are due but may take longer than any budget of this size.',
    ),
  left: z
    .int()
    .describe('Jobs that are due and were not reached, up to 10,000.'),
});

export const errorAnswer = z.object({
  errors: z.array(
    z.object({
      message: z.string(),
      extensions: z.looseObject({ code: z.string() }),
    }),
  ),
});
