import { jobs } from '../declarations.ts';
import { queues } from '../queues.ts';
import type { JobHandlers, JobRegistry } from '../registry.ts';
import applyDataRetention from './applyDataRetention.ts';
import deliverWebhook from './deliverWebhook.ts';
import generateDigests from './generateDigests.ts';
import generateExport from './generateExport.ts';
import reconcileCounters from './reconcileCounters.ts';
import retryWebhooks from './retryWebhooks.ts';
import scheduleTasks from './scheduleTasks.ts';
import sendEmail from './sendEmail.ts';
import syncConnection from './syncConnection.ts';
import warmKpiHealth from './warmKpiHealth.ts';
import warmTrendingPosts from './warmTrendingPosts.ts';

/** The handler of every declared job. */
export const handlers: JobHandlers = {
  'sync-connection': syncConnection,
  'schedule-tasks': scheduleTasks,
  'deliver-webhook': deliverWebhook,
  'retry-webhooks': retryWebhooks,
  'generate-export': generateExport,
  'send-email': sendEmail,
  'warm-trending-posts': warmTrendingPosts,
  'warm-kpi-health': warmKpiHealth,
  'reconcile-counters': reconcileCounters,
  'apply-data-retention': applyDataRetention,
  'generate-digests': generateDigests,
};

/** What the processes of this system run. */
export const jobRegistry: JobRegistry = {
  queues,
  declarations: jobs,
  handlers,
};
