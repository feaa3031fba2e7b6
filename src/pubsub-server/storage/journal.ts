import type { StoredMessage } from '../message.ts';

/**
 * What the broker tells of every change it makes in memory, so that a later server finds it again.
 * Nothing here waits: {@link settled} says when all that was told is on disk, and an answer to a
 * client that changed something is sent only then. What one turn of the event loop tells is
 * written whole or not at all.
 *
 * `nextMessageId` is always the id of the message that is published next: it divides the messages
 * a subscription was there for from those before. Resources are encoded Protobuf.
 */
export interface Journal {
  /** Why nothing can be written at present; changes are to be refused before they are made. */
  readonly failure: Error | undefined;
  /** @param keepsFrom the first message that the topic keeps itself; undefined if it keeps none */
  topicCreated(
    name: string,
    resource: Uint8Array,
    keepsFrom: number | undefined,
  ): TopicRecord;
  subscriptionCreated(
    name: string,
    topic: TopicRecord,
    resource: Uint8Array,
    nextMessageId: number,
    retainsFrom: number | undefined,
  ): SubscriptionRecord;
  /** @param messageIds of the messages that it holds from the start, rising */
  snapshotCreated(
    name: string,
    topic: TopicRecord | undefined,
    resource: Uint8Array,
    nextMessageId: number,
    messageIds: readonly number[],
  ): SnapshotRecord;
  /** @param policy undefined when it is forgotten */
  policySet(resource: string, policy: Uint8Array | undefined): void;
  /**
   * Resolves when all that was told so far is on disk.
   *
   * @throws JournalWriteError when the disk refuses it. It is kept and tried again.
   */
  settled(): Promise<void>;
  /** Writes what is left and ends; the directory is free for another server then. Idempotent. */
  close(): Promise<void>;
}

/** Which message. */
export type MessageId = Pick<StoredMessage, 'id'>;

/** A topic on disk. */
export interface TopicRecord {
  saved(resource: Uint8Array, keepsFrom: number | undefined): void;
  deleted(): void;
  /**
   * @param firstId of the first message; the others follow on
   * @param publishTime milliseconds since the epoch
   * @param request an encoded google.pubsub.v1.PublishRequest that nobody changes any more
   */
  published(
    firstId: number,
    count: number,
    publishTime: number,
    request: Uint8Array,
  ): void;
}

/** A snapshot on disk. */
export interface SnapshotRecord {
  saved(resource: Uint8Array): void;
  deleted(): void;
}

/** A subscription on disk. */
export interface SubscriptionRecord {
  /** @param retainsFrom acknowledged messages are retained from this id on; undefined if none are */
  saved(resource: Uint8Array, retainsFrom: number | undefined): void;
  deleted(): void;
  /** A message was acknowledged, dead-lettered or dropped. */
  finished(message: MessageId, sequence: number): void;
  /** A message waits again, after a nack or an expired lease. */
  failed(message: MessageId, deliveries: number, failures: number): void;
  /** After a seek: of all messages before the next one exactly these are not finished. */
  rewritten(nextMessageId: number, messageIds: readonly number[]): void;
}

/** Whatever messages are still held: by subscriptions, snapshots and topics, each in publish order. */
export type Holdings = Iterable<Iterable<StoredMessage>>;
