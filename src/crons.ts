import type { Schedules } from './jobs/schedules/schedule.ts';

/** Every recurring task. The first tick of a new one is the first after any process has seen it. */
export const crons = {
  /** The net below the push notices: finds connections that nobody synced for a while. */
  scheduleTasks: {
    cron: '*/15 * * * *',
    missed: 'once',
    jobs: [{ job: 'schedule-tasks', payload: {} }],
  },
  'data-retention': {
    cron: '0 2 * * *',
    missed: 'once',
    jobs: [{ job: 'apply-data-retention', payload: {} }],
  },
  'webhook-retry': {
    cron: '*/5 * * * *',
    missed: 'once',
    jobs: [{ job: 'retry-webhooks', payload: {} }],
  },
  /** A cache that nobody warmed in time is filled by its first reader. */
  'cache-warming': {
    cron: '0 * * * *',
    missed: 'skip',
    jobs: [
      { job: 'warm-trending-posts', payload: {} },
      { job: 'warm-kpi-health', payload: {} },
    ],
  },
  /** One run plans every digest of the last hours, so that one makes up for many. */
  'generate-digests': {
    cron: '0 * * * *',
    missed: 'once',
    jobs: [{ job: 'generate-digests', payload: {} }],
  },
  reconciliation: {
    cron: '30 3 * * *',
    missed: 'once',
    jobs: [
      { job: 'reconcile-counters', payload: { counter: 'post-upvotes' } },
      { job: 'reconcile-counters', payload: { counter: 'comment-upvotes' } },
      { job: 'reconcile-counters', payload: { counter: 'post-comments' } },
      { job: 'reconcile-counters', payload: { counter: 'user-reputation' } },
    ],
  },
} as const satisfies Schedules;

/** The name of a recurring task. */
export type CronName = keyof typeof crons;
