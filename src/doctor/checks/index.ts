import type { Check } from '../check.ts';
import { backlogCheck } from './backlog.ts';
import { causalityCheck } from './causality.ts';
import { connectionsCheck } from './connections.ts';
import { databaseCheck } from './database.ts';
import { debeziumOffsetsCheck } from './debezium-offsets.ts';
import { deskDrainCheck } from './desk-drain.ts';
import { deskTallyCheck } from './desk-tally.ts';
import { deadLettersCheck } from './dead-letters.ts';
import { declarationsCheck } from './declarations.ts';
import { flowsCheck } from './flows.ts';
import { inboxCheck } from './inbox.ts';
import { jobsCheck } from './jobs.ts';
import { outboxCheck } from './outbox.ts';
import { pausesCheck } from './pauses.ts';
import { publicationCheck } from './publication.ts';
import { publishingCheck } from './publishing.ts';
import { replicaIdentityCheck } from './replica-identity.ts';
import { replicationReachCheck } from './replication-reach.ts';
import { replicationSettingsCheck } from './replication-settings.ts';
import { schemaCheck } from './schema.ts';
import { slotCheck } from './slot.ts';
import { streamsCheck } from './streams.ts';

/** Every check, in the order of its findings. */
export const checks: readonly Check[] = [
  databaseCheck,
  schemaCheck,
  connectionsCheck,
  publicationCheck,
  replicaIdentityCheck,
  replicationSettingsCheck,
  slotCheck,
  debeziumOffsetsCheck,
  publishingCheck,
  replicationReachCheck(),
  outboxCheck,
  inboxCheck,
  causalityCheck,
  jobsCheck,
  flowsCheck,
  deadLettersCheck,
  deskTallyCheck,
  deskDrainCheck,
  declarationsCheck,
  pausesCheck,
  streamsCheck,
  backlogCheck,
];
