import { BatchIndex, Marks } from './batch-index.ts';
import { GroupCommit } from './group-commit.ts';
import { type Job, type Operation, type PublishedBatches } from './job.ts';
import type { Holdings, Journal } from './journal.ts';
import { encodeMessageIds } from './message-ids.ts';
import {
  ownBytes,
  type Pending,
  StoredSnapshot,
  StoredSubscription,
  StoredTopic,
} from './records.ts';
import type { WriterClient } from './writer-client.ts';

/** Batches that nobody needs are looked for after so many messages have come or gone, at least. */
const SWEEP_EVERY = 5000;

/**
 * How much a message that comes counts against one that goes: nobody may want it, if there are
 * filters, but most are wanted, and to look costs something.
 */
const PUBLISHED_WEIGHT = 0.2;

/** A {@link Journal} in a SQLite database, written by a thread of its own. */
export class SqliteJournal implements Journal, Pending {
  readonly #writer: WriterClient;
  readonly #commit: GroupCommit;
  readonly #index = new BatchIndex();
  #holdings: () => Holdings = () => [];
  #nextKey: number;
  /** After the last batch. */
  #nextMessageId = 0;

  #operations: Operation[] = [];
  #numbers: number[] = [];
  #requests: Uint8Array[] = [];
  readonly #changedRanges = new Set<StoredSubscription>();

  /** Messages that came or went since the last sweep began, and after how many the next one is due. */
  #released = 0;
  #sweepAt = SWEEP_EVERY;
  #sweeping: Promise<void> | undefined;
  /** How often somebody took hold of messages again. */
  #revivals = 0;
  #closing: Promise<void> | undefined;

  /** @param nextKey above the keys of all records on disk */
  constructor(writer: WriterClient, nextKey: number) {
    this.#writer = writer;
    this.#nextKey = nextKey;
    this.#commit = new GroupCommit(writer, () => this.#takeJob());
  }

  get failure(): Error | undefined {
    return this.#commit.failure;
  }

  /** From now on batches of which none of these holds a message are deleted. */
  keepOnly(holdings: () => Holdings): void {
    this.#holdings = holdings;
    // Much may have been finished since the last look of the server before.
    this.#released = Infinity;
    this.#sweepWhenDue();
  }

  /** A batch that is on disk already. */
  addStored(firstId: number, count: number, size: number): void {
    this.#index.add(firstId, count, size);
    this.#nextMessageId = firstId + count;
  }

  storedTopic(key: number, name: string): StoredTopic {
    return new StoredTopic(key, name, this);
  }

  storedSnapshot(key: number): StoredSnapshot {
    return new StoredSnapshot(key, this);
  }

  storedSubscription(
    key: number,
    failing: Iterable<string>,
  ): StoredSubscription {
    return new StoredSubscription(key, this, failing);
  }

  topicCreated(
    name: string,
    resource: Uint8Array,
    keepsFrom: number | undefined,
  ): StoredTopic {
    const topic = this.storedTopic(this.#nextKey++, name);
    topic.saved(resource, keepsFrom);
    return topic;
  }

  subscriptionCreated(
    name: string,
    topic: StoredTopic,
    resource: Uint8Array,
    nextMessageId: number,
    retainsFrom: number | undefined,
  ): StoredSubscription {
    const key = this.#nextKey++;
    this.add(
      'createHolder',
      key,
      'subscription',
      name,
      topic.key,
      ownBytes(resource),
      nextMessageId,
      encodeMessageIds([]),
      retainsFrom ?? null,
    );
    return this.storedSubscription(key, []);
  }

  snapshotCreated(
    name: string,
    topic: StoredTopic | undefined,
    resource: Uint8Array,
    nextMessageId: number,
    messageIds: readonly number[],
  ): StoredSnapshot {
    const key = this.#nextKey++;
    this.add(
      'createHolder',
      key,
      'snapshot',
      name,
      topic?.key ?? 0,
      ownBytes(resource),
      nextMessageId,
      encodeMessageIds(messageIds),
      null,
    );
    this.revived();
    return this.storedSnapshot(key);
  }

  policySet(resource: string, policy: Uint8Array | undefined): void {
    if (policy === undefined) this.add('forgetPolicy', resource);
    else this.add('savePolicy', resource, ownBytes(policy));
  }

  settled(): Promise<void> {
    return this.#commit.settled();
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  add(...operation: Operation): void {
    this.#operations.push(operation);
    this.#commit.schedule();
  }

  publish(
    topic: number,
    firstId: number,
    count: number,
    publishTime: number,
    request: Uint8Array,
  ): void {
    this.#numbers.push(firstId, count, topic, publishTime, request.length);
    this.#requests.push(request);
    this.#index.add(firstId, count, request.length);
    this.#nextMessageId = firstId + count;
    this.released(count * PUBLISHED_WEIGHT);
    this.#commit.schedule();
  }

  rangesChanged(subscription: StoredSubscription): void {
    this.#changedRanges.add(subscription);
    this.#commit.schedule();
  }

  released(messages: number): void {
    this.#released += messages;
  }

  revived(): void {
    this.#revivals += 1;
  }

  async #close(): Promise<void> {
    try {
      await this.#commit.finish();
      await this.#sweeping;
    } finally {
      await this.#writer.close();
    }
  }

  #takeJob(): Job | undefined {
    for (const subscription of this.#changedRanges)
      for (const change of subscription.ranges.takeChanges())
        switch (change.kind) {
          case 'add':
            this.#operations.push([
              'addFinished',
              subscription.key,
              change.firstId,
              change.lastId,
            ]);
            break;
          case 'extend':
            this.#operations.push([
              'extendFinished',
              change.lastId,
              subscription.key,
              change.firstId,
            ]);
            break;
          case 'remove':
            this.#operations.push([
              'removeFinished',
              subscription.key,
              change.firstId,
            ]);
        }
    this.#changedRanges.clear();
    this.#sweepWhenDue();
    const operations = this.#operations;
    const batches = this.#takeBatches();
    if (operations.length === 0 && batches === undefined) return undefined;
    this.#operations = [];
    return { batches, operations };
  }

  #takeBatches(): PublishedBatches | undefined {
    if (this.#requests.length === 0) return undefined;
    const numbers = Float64Array.from(this.#numbers);
    let length = 0;
    for (const request of this.#requests) length += request.length;
    // Not from a pool: its memory moves to the writer.
    const requests = Buffer.allocUnsafeSlow(length);
    let offset = 0;
    for (const request of this.#requests) {
      requests.set(request, offset);
      offset += request.length;
    }
    this.#numbers = [];
    this.#requests = [];
    return { numbers, requests };
  }

  #sweepWhenDue(): void {
    if (this.#released < this.#sweepAt || this.#sweeping !== undefined) return;
    this.#released = 0;
    this.#sweeping = this.#sweep()
      // The failure is everybody's, and the batches are found again by the next sweep of a server.
      .catch(() => undefined)
      .finally(() => {
        this.#sweeping = undefined;
      });
  }

  /**
   * Deletes the batches that nobody holds a message of. Marks in steps, and begins anew when
   * somebody meanwhile got messages back that only another held.
   */
  async #sweep(): Promise<void> {
    let marks: Marks | undefined;
    while (marks === undefined && this.#closing === undefined)
      marks = await this.#mark();
    if (marks === undefined) return;
    // As much work again before the next: the cost of looking stays in proportion to what happens.
    this.#sweepAt = Math.max(SWEEP_EVERY, marks.messages);
    for (const { from, to } of this.#index.sweep(marks)) {
      // The greatest ids may be gone with it, and are not to be given out again.
      this.add('continueIds', this.#nextMessageId);
      this.add('deleteBatches', from, to);
      await this.settled();
    }
  }

  async #mark(): Promise<Marks | undefined> {
    const revivals = this.#revivals;
    const marks = new Marks(this.#index);
    for (const messages of this.#holdings()) {
      await new Promise((resolve) => setImmediate(resolve));
      if (revivals !== this.#revivals) return undefined;
      marks.mark(messages);
    }
    return revivals === this.#revivals ? marks : undefined;
  }
}
