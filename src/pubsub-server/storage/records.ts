import { FinishedRanges } from './finished-ranges.ts';
import type { Operation } from './job.ts';
import type {
  MessageId,
  SnapshotRecord,
  SubscriptionRecord,
  TopicRecord,
} from './journal.ts';
import { encodeMessageIds } from './message-ids.ts';

/** Where records say what has to be written. */
export interface Pending {
  add(...operation: Operation): void;
  publish(
    topic: number,
    firstId: number,
    count: number,
    publishTime: number,
    request: Uint8Array,
  ): void;
  /** What the ranges of a subscription have become is to be written. */
  rangesChanged(subscription: StoredSubscription): void;
  /** Messages ended of which there may be batches to delete, about so many. */
  released(messages: number): void;
  /** Somebody holds messages again that he had not held. */
  revived(): void;
}

/** Bytes with memory of their own: to send a part of a pool to another thread would send the pool. */
export const ownBytes = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from(bytes);

export class StoredTopic implements TopicRecord {
  readonly key: number;
  readonly #name: string;
  readonly #pending: Pending;

  constructor(key: number, name: string, pending: Pending) {
    this.key = key;
    this.#name = name;
    this.#pending = pending;
  }

  saved(resource: Uint8Array, keepsFrom: number | undefined): void {
    this.#pending.add(
      'saveTopic',
      this.key,
      this.#name,
      ownBytes(resource),
      keepsFrom ?? null,
    );
    if (keepsFrom === undefined) this.#pending.released(Infinity);
  }

  deleted(): void {
    this.#pending.add('deleteTopic', this.key);
    this.#pending.released(Infinity);
  }

  published(
    firstId: number,
    count: number,
    publishTime: number,
    request: Uint8Array,
  ): void {
    this.#pending.publish(this.key, firstId, count, publishTime, request);
  }
}

export class StoredSnapshot implements SnapshotRecord {
  readonly #key: number;
  readonly #pending: Pending;

  constructor(key: number, pending: Pending) {
    this.#key = key;
    this.#pending = pending;
  }

  saved(resource: Uint8Array): void {
    this.#pending.add('saveHolder', ownBytes(resource), null, this.#key);
  }

  deleted(): void {
    this.#pending.add('deleteHolder', this.#key);
    this.#pending.released(Infinity);
  }
}

export class StoredSubscription implements SubscriptionRecord {
  readonly key: number;
  readonly ranges = new FinishedRanges();
  readonly #pending: Pending;
  /** Ids of messages whose failures are on disk. */
  readonly #failing: Set<string>;

  constructor(key: number, pending: Pending, failing: Iterable<string> = []) {
    this.key = key;
    this.#pending = pending;
    this.#failing = new Set(failing);
  }

  saved(resource: Uint8Array, retainsFrom: number | undefined): void {
    this.#pending.add(
      'saveHolder',
      ownBytes(resource),
      retainsFrom ?? null,
      this.key,
    );
    if (retainsFrom === undefined) this.#pending.released(Infinity);
  }

  deleted(): void {
    this.ranges.clear();
    this.#pending.add('deleteHolder', this.key);
    this.#pending.add('forgetFinished', this.key);
    this.#pending.add('forgetFailures', this.key);
    this.#pending.released(Infinity);
  }

  finished({ id }: MessageId, sequence: number): void {
    this.ranges.add(sequence, Number(id));
    this.#pending.rangesChanged(this);
    this.#pending.released(1);
    if (this.#failing.delete(id))
      this.#pending.add('forgetFailure', this.key, Number(id));
  }

  failed({ id }: MessageId, deliveries: number, failures: number): void {
    this.#failing.add(id);
    this.#pending.add(
      'saveFailure',
      this.key,
      Number(id),
      deliveries,
      failures,
    );
  }

  rewritten(nextMessageId: number, messageIds: readonly number[]): void {
    this.ranges.clear();
    this.#failing.clear();
    this.#pending.add('forgetFinished', this.key);
    this.#pending.add('forgetFailures', this.key);
    this.#pending.add(
      'rewriteHolder',
      nextMessageId,
      encodeMessageIds(messageIds),
      this.key,
    );
    this.#pending.released(Infinity);
    this.#pending.revived();
  }
}
