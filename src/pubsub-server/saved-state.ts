import type { Broker } from './broker/broker.ts';
import { pubsub } from './codecs.ts';
import type { StoredMessage } from './message.ts';
import {
  readStateFile,
  StateFileRefusedError,
  writeStateFile,
} from './state-file.ts';

/**
 * A saved state is a list of these: first the topics, then each subscription followed by what it
 * has not acknowledged, in publish order, each message before the first entry that names it (by
 * its place among the messages, so that subscriptions share it again), and last the next message id.
 */
type SavedRecord =
  | readonly [kind: 'topic', encoded: Uint8Array]
  | readonly [kind: 'subscription', encoded: Uint8Array]
  | readonly [kind: 'message', message: StoredMessage]
  | readonly [
      kind: 'entry',
      messageIndex: number,
      deliveries: number,
      failures: number,
    ]
  | readonly [kind: 'next-message-id', id: number];

/** Records are written together until they have about this many bytes. */
const BATCH_BYTES = 256 * 1024;

/** About what a record has beside the bytes it carries. */
const RECORD_BYTES = 64;

function* records(broker: Broker): Generator<SavedRecord> {
  for (const { resource } of broker.topics.values())
    yield ['topic', pubsub.Topic.encode(resource).finish()];
  const indexes = new Map<StoredMessage, number>();
  for (const { resource, dispatcher } of broker.subscriptions.values()) {
    yield ['subscription', pubsub.Subscription.encode(resource).finish()];
    for (const {
      message,
      deliveries,
      failures,
    } of dispatcher.state.entries()) {
      let index = indexes.get(message);
      if (index === undefined) {
        index = indexes.size;
        indexes.set(message, index);
        yield ['message', message];
      }
      yield ['entry', index, deliveries, failures];
    }
  }
  yield ['next-message-id', broker.nextMessageId];
}

function* batches(all: Iterable<SavedRecord>): Generator<SavedRecord[]> {
  let batch: SavedRecord[] = [];
  let bytes = 0;
  for (const record of all) {
    batch.push(record);
    bytes += RECORD_BYTES;
    if (record[0] === 'message') bytes += record[1].bytes.length;
    else if (record[1] instanceof Uint8Array) bytes += record[1].length;
    if (bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/**
 * Writes topics, subscriptions and everything that is not acknowledged, leased or not, to a file.
 * For a broker that nobody changes meanwhile.
 *
 * @throws StateFileNotWrittenError
 */
export const saveState = (broker: Broker, file: string): Promise<void> =>
  writeStateFile(file, batches(records(broker)));

/** Applies a saved state to a broker record by record. */
class Restoration {
  readonly #broker: Broker;
  readonly #now: number;
  readonly #messages: StoredMessage[] = [];
  #state:
    | ReturnType<Broker['restoreSubscription']>['dispatcher']['state']
    | undefined;

  constructor(broker: Broker, now: number) {
    this.#broker = broker;
    this.#now = now;
  }

  apply(record: SavedRecord): void {
    switch (record[0]) {
      case 'topic':
        this.#broker.createTopic(pubsub.Topic.decode(record[1]));
        break;
      case 'subscription':
        this.#state = this.#broker.restoreSubscription(
          pubsub.Subscription.decode(record[1]),
        ).dispatcher.state;
        break;
      case 'message':
        // Copied, because what was read with it would stay in memory as long as the message.
        this.#messages.push({
          ...record[1],
          bytes: Buffer.from(record[1].bytes),
        });
        break;
      case 'entry': {
        const [, index, deliveries, failures] = record;
        const message = this.#messages[index];
        if (message === undefined || this.#state === undefined)
          throw new RangeError(`no message ${index} before its entry`);
        this.#state.restore({ message, deliveries, failures }, this.#now);
        break;
      }
      case 'next-message-id':
        this.#broker.continueMessageIds(record[1]);
    }
  }
}

/**
 * Fills a new broker from a file of {@link saveState}, which stays; without the file nothing is done.
 * Leases and backoff are over: everything waits, in publish order, and counts its deliveries on.
 * After an error the broker holds a part of the state and is of no use.
 *
 * @param now milliseconds since the epoch
 * @returns whether there was a file
 * @throws StateFileRefusedError
 */
export const restoreState = async (
  broker: Broker,
  file: string,
  now: number,
): Promise<boolean> => {
  const restoration = new Restoration(broker, now);
  let found = false;
  for await (const batch of readStateFile(file)) {
    found = true;
    try {
      for (const record of batch as SavedRecord[]) restoration.apply(record);
    } catch (cause) {
      throw new StateFileRefusedError(
        file,
        `it contradicts itself (${(cause as Error).message})`,
        { cause },
      );
    }
  }
  return found;
};
