import { Infrastructure1764000000000 } from './1764000000000-infrastructure.ts';
import { Domain1764000000001 } from './1764000000001-domain.ts';
import { Publication1764000000002 } from './1764000000002-publication.ts';
import { DeadLetterDesk1764000000003 } from './1764000000003-dead-letter-desk.ts';
import { PostView1764000000010 } from './1764000000010-post-view.ts';
import { DigestSend1764000000011 } from './1764000000011-digest-send.ts';
import { CdcRecovery1764000000012 } from './1764000000012-cdc-recovery.ts';
import { Jobs1764000000020 } from './1764000000020-jobs.ts';
import { Connection1764000000021 } from './1764000000021-connection.ts';
import { Webhooks1764000000022 } from './1764000000022-webhooks.ts';
import { ExportsAndCaches1764000000023 } from './1764000000023-exports-and-caches.ts';
import { QueueWorkers1764000000024 } from './1764000000024-queue-workers.ts';
import { WebhookResponseHeaders1764000000026 } from './1764000000026-webhook-response-headers.ts';
import { PostSearch1764000000040 } from './1764000000040-post-search.ts';
import { SourceFollower1764000000041 } from './1764000000041-source-follower.ts';
import { CrmContact1764000000042 } from './1764000000042-crm-contact.ts';
import { ProcessReports1764000000050 } from './1764000000050-process-reports.ts';
import { Flows1764000000051 } from './1764000000051-flows.ts';
import { CdcHeldUp1764000000052 } from './1764000000052-cdc-held-up.ts';
import { FlowSweep1764000000055 } from './1764000000055-flow-sweep.ts';
import { FailedFlowJobs1764000000056 } from './1764000000056-failed-flow-jobs.ts';
import { Causality1764000000058 } from './1764000000058-causality.ts';
import { JobCancel1764000000061 } from './1764000000061-job-cancel.ts';
import { BulkActions1764000000062 } from './1764000000062-bulk-actions.ts';
import { SubscriptionPause1764000000063 } from './1764000000063-subscription-pause.ts';
import { DeadLetterTally1764000000065 } from './1764000000065-dead-letter-tally.ts';
import { ArchivePage1764000000066 } from './1764000000066-archive-page.ts';
import { IntegrationPages1764000000067 } from './1764000000067-integration-pages.ts';
import { ProcessSubscriptions1764000000068 } from './1764000000068-process-subscriptions.ts';
import { ProcessFlows1764000000073 } from './1764000000073-process-flows.ts';

/** Every migration, oldest first. */
export const migrations = [
  Infrastructure1764000000000,
  Domain1764000000001,
  Publication1764000000002,
  DeadLetterDesk1764000000003,
  PostView1764000000010,
  DigestSend1764000000011,
  CdcRecovery1764000000012,
  Jobs1764000000020,
  Connection1764000000021,
  Webhooks1764000000022,
  ExportsAndCaches1764000000023,
  QueueWorkers1764000000024,
  WebhookResponseHeaders1764000000026,
  PostSearch1764000000040,
  SourceFollower1764000000041,
  CrmContact1764000000042,
  ProcessReports1764000000050,
  Flows1764000000051,
  CdcHeldUp1764000000052,
  FlowSweep1764000000055,
  FailedFlowJobs1764000000056,
  Causality1764000000058,
  JobCancel1764000000061,
  BulkActions1764000000062,
  SubscriptionPause1764000000063,
  DeadLetterTally1764000000065,
  ArchivePage1764000000066,
  IntegrationPages1764000000067,
  ProcessSubscriptions1764000000068,
  ProcessFlows1764000000073,
];
