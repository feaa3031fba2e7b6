import { z } from 'zod';

import { declareJob, type JobDeclaration } from './declare.ts';

/**
 * Every job by its name: this one line types and validates its payload. Its handler has a file of the
 * same name in `handlers/` and a line in `handlers/index.ts`.
 */
export const jobs = {
  /** Fetches one connection's feed and takes over what is new in it. */
  'sync-connection': declareJob(z.object({ connectionId: z.uuid() }), {
    queue: 'sync',
  }),
  /** Finds connections that nobody synced for a while and creates their jobs. */
  'schedule-tasks': declareJob(z.object({}), { queue: 'sync' }),
  /** Sends one delivery to its endpoint. */
  'deliver-webhook': declareJob(z.object({ deliveryId: z.uuid() }), {
    queue: 'webhook-delivery',
  }),
  /** Gives jobs to deliveries that are pending without one. */
  'retry-webhooks': declareJob(z.object({}), { queue: 'webhook-delivery' }),
  /** Writes an export into object storage and tells who asked for it. */
  'generate-export': declareJob(z.object({ exportId: z.uuid() }), {
    queue: 'export-generation',
  }),
  /** Sends one mail from a template. */
  'send-email': declareJob(
    z.object({
      template: z.enum(['export-ready', 'webhook-disabled']),
      userId: z.uuid(),
      context: z.record(z.string(), z.string()),
    }),
    { queue: 'email-sending' },
  ),
  'warm-trending-posts': declareJob(z.object({}), { queue: 'cache-warming' }),
  'warm-kpi-health': declareJob(z.object({}), { queue: 'cache-warming' }),
  /** Compares denormalised counters with their sources; `repair` sets them right. */
  'reconcile-counters': declareJob(
    z.object({
      counter: z.enum([
        'post-upvotes',
        'post-comments',
        'comment-upvotes',
        'user-reputation',
      ]),
      repair: z.boolean().default(false),
    }),
    { queue: 'reconciliation' },
  ),
  /** Deletes what is older than DATA_RETENTION_DAYS. */
  'apply-data-retention': declareJob(
    z.object({ dryRun: z.boolean().default(false) }),
    { queue: 'reconciliation', timeoutSeconds: 1_800 },
  ),
  /** Does a part of what an operator does to many things at once; creates the next one until all is done. */
  'operator-bulk-action': declareJob(z.object({ actionId: z.uuid() }), {
    queue: 'operator',
  }),
  /** Requests the digests whose hour has come. */
  'generate-digests': declareJob(z.object({})),
} satisfies Record<string, JobDeclaration>;

type Jobs = typeof jobs;

/** The name of any job. */
export type JobName = keyof Jobs;

/** The type of a job's payload by its name, as a handler sees it. */
export type JobSchema = { [N in JobName]: z.output<Jobs[N]['payload']> };

/** The type of a job's payload by its name, as whoever creates the job may give it. */
export type JobInput = { [N in JobName]: z.input<Jobs[N]['payload']> };

/** The names of the jobs. */
export const JobNames = Object.keys(jobs) as JobName[];
