import type { JobHandlers } from '../registry.ts';
import applyDataRetention from './applyDataRetention.ts';
import deliverWebhook from './deliverWebhook.ts';
import generateDigests from './generateDigests.ts';
import generateExport from './generateExport.ts';
import retryWebhooks from './retryWebhooks.ts';
import scheduleTasks from './scheduleTasks.ts';
import sendEmail from './sendEmail.ts';
import syncConnection from './syncConnection.ts';
import warmKpiHealth from './warmKpiHealth.ts';
import warmTrendingPosts from './warmTrendingPosts.ts';

/** Jobs that start a flow: their handlers stand beside it, in `src/flows/definitions`. */
export type FlowStarter = 'reconcile-counters';

/** What operators do in bulk knows workers and flows: its handler is wired where processes are put together. */
export type OperatorJob = 'operator-bulk-action';

/** The handler of every other declared job. */
export const handlers: Omit<JobHandlers, FlowStarter | OperatorJob> = {
  'sync-connection': syncConnection,
  'schedule-tasks': scheduleTasks,
  'deliver-webhook': deliverWebhook,
  'retry-webhooks': retryWebhooks,
  'generate-export': generateExport,
  'send-email': sendEmail,
  'warm-trending-posts': warmTrendingPosts,
  'warm-kpi-health': warmKpiHealth,
  'apply-data-retention': applyDataRetention,
  'generate-digests': generateDigests,
};
