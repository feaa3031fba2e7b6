import type { Broker } from '../broker/broker.ts';
import { pubsub } from '../codecs.ts';
import type { StoredMessage } from '../message.ts';
import {
  readAttributes,
  readPublishRequest,
  storeMessage,
} from '../wire/publish-request.ts';
import { StorageRefusedError } from './errors.ts';
import type { BatchRow, HolderRow, StoredResources } from './job.ts';
import { decodeMessageIds } from './message-ids.ts';
import { SqliteJournal } from './sqlite-journal.ts';
import { WriterClient } from './writer-client.ts';

/** Walks rising ids once and says of each message of rising id whether it is among them. */
class Cursor {
  readonly #ranges: Float64Array | readonly number[];
  readonly #step: 1 | 2;
  #place = 0;

  /** @param step 1 for single ids, 2 for pairs of first and last */
  constructor(ranges: Float64Array | readonly number[], step: 1 | 2) {
    this.#ranges = ranges;
    this.#step = step;
  }

  has(id: number): boolean {
    while ((this.#ranges[this.#place + this.#step - 1] ?? Infinity) < id)
      this.#place += this.#step;
    return (this.#ranges[this.#place] ?? Infinity) <= id;
  }
}

type Attributes = () => ReadonlyMap<string, string>;

/** A subscription, snapshot or topic that gets its messages back. */
interface Heir {
  /** @param message made on demand: many are nobody's any more */
  offer(id: number, message: () => StoredMessage, attributes: Attributes): void;
}

const holderOf = (row: HolderRow) => {
  const held = new Cursor(decodeMessageIds(row.heldIds), 1);
  const finished = new Cursor(row.finished, 2);
  return {
    /** What it would have but for what it finished; messages before its base are named. */
    had: (id: number, admits: () => boolean): boolean =>
      id < row.baseId ? held.has(id) : admits(),
    isFinished: (id: number): boolean => finished.has(id),
  };
};

/** Fills a new broker with what is on disk. */
class Recovery {
  readonly #broker: Broker;
  readonly #journal: SqliteJournal;
  readonly #now: number;
  readonly #heirs = new Map<number, Heir[]>();
  readonly #afterwards: (() => void)[] = [];

  constructor(broker: Broker, journal: SqliteJournal) {
    this.#broker = broker;
    this.#journal = journal;
    this.#now = broker.clock.now();
  }

  restoreResources(stored: StoredResources): void {
    this.#broker.continueMessageIds(stored.nextMessageId);
    for (const { key, name, resource, keepsFrom } of stored.topics) {
      const topic = this.#broker.restoreTopic(pubsub.Topic.decode(resource));
      topic.record = this.#journal.storedTopic(key, name);
      if (keepsFrom === null) continue;
      topic.keepsFrom = keepsFrom;
      this.#inherit(key, {
        offer: (id, message) => {
          if (id >= keepsFrom) topic.restore(message());
        },
      });
    }
    for (const row of stored.holders)
      if (row.kind === 'snapshot') this.#restoreSnapshot(row);
      else this.#restoreSubscription(row);
    for (const { resource, policy } of stored.policies)
      this.#broker.policies.set(resource, Buffer.from(policy));
  }

  restoreBatch({
    firstId,
    count,
    topic,
    publishTime,
    request,
  }: BatchRow): void {
    this.#journal.addStored(firstId, count, request.length);
    const heirs = this.#heirs.get(topic);
    if (heirs === undefined) return;
    const { messages } = readPublishRequest(
      Buffer.from(request.buffer, request.byteOffset, request.length),
      false,
    );
    for (const [index, published] of messages.entries()) {
      const id = firstId + index;
      let stored: StoredMessage | undefined;
      const message = (): StoredMessage =>
        (stored ??= storeMessage(published, String(id), publishTime));
      let read: ReadonlyMap<string, string> | undefined;
      const attributes: Attributes = () =>
        (read ??= readAttributes(published.bytes));
      for (const heir of heirs) heir.offer(id, message, attributes);
    }
  }

  finish(): void {
    for (const complete of this.#afterwards) complete();
  }

  #inherit(topic: number, heir: Heir): void {
    const heirs = this.#heirs.get(topic);
    if (heirs === undefined) this.#heirs.set(topic, [heir]);
    else heirs.push(heir);
  }

  #restoreSnapshot(row: HolderRow): void {
    const snapshot = this.#broker.restoreSnapshot(
      pubsub.Snapshot.decode(row.resource),
    );
    snapshot.record = this.#journal.storedSnapshot(row.key);
    const holder = holderOf(row);
    // What was published after its topic was deleted and made anew is not of the same topic.
    this.#inherit(row.topic, {
      offer: (id, message) => {
        if (holder.had(id, () => true)) snapshot.messages.add(message());
      },
    });
  }

  #restoreSubscription(row: HolderRow): void {
    const subscription = this.#broker.restoreSubscription(
      pubsub.Subscription.decode(row.resource),
    );
    const failures = new Map<number, readonly [number, number]>();
    for (let index = 0; index < row.failures.length; index += 3) {
      const [id = 0, deliveries = 0, failed = 0] = row.failures.subarray(index);
      failures.set(id, [deliveries, failed]);
    }
    const record = this.#journal.storedSubscription(
      row.key,
      Array.from(failures.keys(), String),
    );
    subscription.record = record;
    subscription.retainsFrom = row.retainsFrom ?? undefined;
    if (subscription.resource.detached) return;

    const { state } = subscription.dispatcher;
    const holder = holderOf(row);
    const retainsFrom = row.retainsFrom ?? Infinity;
    const unfinished: number[] = [];
    this.#inherit(row.topic, {
      offer: (id, message, attributes) => {
        const admits = (): boolean =>
          subscription.filter === undefined ||
          subscription.admits(attributes());
        if (holder.had(id, admits) && !holder.isFinished(id)) {
          const [deliveries, failed] = failures.get(id) ?? [0, 0];
          state.restore(
            { message: message(), deliveries, failures: failed },
            this.#now,
          );
          unfinished.push(id);
        } else if (id >= retainsFrom && admits())
          state.restoreAcknowledged(message());
      },
    });
    // Its sequence begins anew, and with it the runs of what is finished.
    if (row.finished.length === 0) return;
    this.#afterwards.push(() => {
      record.rewritten(this.#broker.nextMessageId, unfinished);
      for (const id of unfinished) {
        const failure = failures.get(id);
        if (failure !== undefined)
          record.failed({ id: String(id) }, ...failure);
      }
    });
  }
}

/**
 * Opens a data directory for a new broker, fills the broker with what is there, and has it tell of
 * every change from now on. Leases and backoff are over: everything that is not acknowledged waits, in
 * publish order, and counts its deliveries and failures on. After an error the broker is of no use.
 *
 * @throws StorageInUseError, StorageRefusedError, StorageUnavailableError
 */
export const openJournal = async (
  broker: Broker,
  directory: string,
): Promise<SqliteJournal> => {
  const [writer, stored] = await WriterClient.open(directory);
  try {
    const keys = [
      ...stored.topics.map(({ key }) => key),
      // A topic that is gone keeps its number as long as somebody has messages of it.
      ...stored.holders.flatMap(({ key, topic }) => [key, topic]),
    ];
    const journal = new SqliteJournal(
      writer,
      keys.reduce((highest, key) => Math.max(highest, key), 0) + 1,
    );
    const recovery = new Recovery(broker, journal);
    try {
      recovery.restoreResources(stored);
      for await (const batches of writer.readBatches())
        for (const batch of batches) recovery.restoreBatch(batch);
    } catch (error) {
      if (error instanceof StorageRefusedError) throw error;
      throw new StorageRefusedError(
        writer.file,
        `it contradicts itself (${(error as Error).message})`,
        { cause: error },
      );
    }
    recovery.finish();
    journal.keepOnly(() => broker.holdings());
    broker.journal = journal;
    return journal;
  } catch (error) {
    await writer.close();
    throw error;
  }
};
