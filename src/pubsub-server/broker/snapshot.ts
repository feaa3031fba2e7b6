import type { Snapshot } from '../codecs.ts';
import { timestampMilliseconds } from '../codecs.ts';
import type { SnapshotRecord } from '../storage/journal.ts';
import { MessageLog } from './message-log.ts';

/**
 * What a subscription had not acknowledged at a moment, and everything that was published to the
 * topic since: a silent listener that never acknowledges.
 */
export class BrokerSnapshot {
  resource: Snapshot;
  /** Where it stands on disk, if anywhere. */
  record: SnapshotRecord | undefined;
  /** {@link BrokerTopic.identity} of the topic its messages are of, deleted or not. */
  readonly topicIdentity: symbol;
  readonly messages = new MessageLog();

  constructor(resource: Snapshot, topicIdentity: symbol) {
    this.resource = resource;
    this.topicIdentity = topicIdentity;
  }

  /** When it is deleted, in milliseconds since the epoch. */
  get expiresAt(): number {
    return timestampMilliseconds(this.resource.expireTime) ?? Infinity;
  }
}
