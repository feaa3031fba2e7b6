import type { Logger } from '../../logger.ts';
import type { BackoffOptions } from '../backoff.ts';
import type { HeldUp } from '../held-up.ts';
import type { OutgoingMessage } from '../outgoing-message.ts';
import {
  type BrokerAddress,
  type BrokerConnection,
  connectBroker,
} from './broker.ts';
import { Calls } from './calls.ts';
import { type Entry, Lane, type LaneRoad } from './lane.ts';
import {
  maxMessageBytes,
  messageBytes,
  MessageTooLargeError,
} from './refusal.ts';

export interface PublisherOptions {
  /** Where the broker is; what is published goes over a connection of its own. */
  readonly pubsub: BrokerAddress;
  readonly logger: Logger;
  /** Puts a message on the desk; rejects if it could not, and is then called again. */
  readonly bury: (message: OutgoingMessage, error: Error) => Promise<void>;
  /** Messages that wait for the broker at once. @default 2000 */
  readonly maxMessages?: number;
  /** Bytes of messages that wait for the broker at once, without what they share. @default 6 MiB */
  readonly maxBytes?: number;
  /** Pauses between attempts. */
  readonly backoff?: BackoffOptions | undefined;
  readonly onPublished?: (message: OutgoingMessage) => void;
  readonly onBlocked?: (reason: string) => void;
}

interface Waiting extends Entry {
  /** Bytes of it that are its own. */
  readonly held: number;
  readonly settled: () => void;
}

/** Why and since when a lane cannot go on. */
interface Blocked {
  readonly reason: string;
  readonly since: Date;
}

const textOf = (topic: string, reason: string): string =>
  `topic ${topic} takes no messages: ${reason}`;

/** Calls at once; the service allows a connection 100, and the next one would wait without a word. */
const mostCalls = 90;
/** Bytes of requests under way at once, with what they share. */
const mostCallBytes = 4_000_000;

/**
 * Publishes messages in the order of each key, and goes on trying until the broker has them or
 * they are on the desk. Nothing is skipped.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #broker: BrokerConnection;
  readonly #calls = new Calls(mostCalls, mostCallBytes);
  readonly #road: LaneRoad<Waiting>;
  readonly #lanes = new Map<string, Lane<Waiting>>();
  readonly #blocked = new Map<Lane<Waiting>, Blocked>();
  readonly #reported = new Set<string>();
  readonly #abort = new AbortController();
  #messages = 0;
  #bytes = 0;
  /** Set while somebody waits for something to change. */
  #changed: PromiseWithResolvers<void> | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#broker = connectBroker(options.pubsub);
    this.#maxMessages = options.maxMessages ?? 2_000;
    this.#maxBytes = options.maxBytes ?? 6 * 1024 * 1024;
    this.#road = {
      send: this.#broker.send,
      calls: this.#calls,
      bury: options.bury,
      blocked: (lane, reason) => this.#setBlocked(lane, reason),
      settled: (waiting) => this.#settled(waiting),
      drained: (lane) => this.#drained(lane),
      signal: this.#abort.signal,
      backoff: options.backoff,
    };
  }

  /** Why some message cannot be published at present. */
  get blockedReason(): string | undefined {
    for (const [{ topic }, { reason }] of this.#blocked)
      return textOf(topic, reason);
    return undefined;
  }

  /** What cannot be published at present, a topic each. */
  get heldUp(): HeldUp[] {
    const lanes = Map.groupBy(this.#blocked, ([{ topic }]) => topic);
    return [...lanes].map(([topic, blocked]) => ({
      topic,
      reason: blocked[0]![1].reason,
      keys: blocked.length,
      since: blocked[0]![1].since,
    }));
  }

  get full(): boolean {
    return this.#messages >= this.#maxMessages || this.#bytes >= this.#maxBytes;
  }

  /** Resolves when there is room for another message, or the signal is aborted. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.full && !signal.aborted) await this.#next(signal);
  }

  /** Resolves when nothing more can be published at present, or the signal is aborted. */
  async idle(signal: AbortSignal): Promise<void> {
    while (this.#lanes.size > this.#blocked.size && !signal.aborted)
      await this.#next(signal);
  }

  /** Takes a message. `settled` is called once the broker or the desk has it; never if closed before. */
  publish(message: OutgoingMessage, settled: () => void): void {
    const bytes = messageBytes(message);
    // What many share is there once, however many wait.
    const held = bytes - (message.parts?.[0].length ?? 0);
    this.#messages += 1;
    this.#bytes += held;
    this.#laneOf(message).add({
      message,
      bytes,
      held,
      failure:
        message.failure ??
        (bytes > maxMessageBytes
          ? new MessageTooLargeError(message.topic, bytes)
          : undefined),
      settled,
    });
  }

  /** Gives up what is still on its way; it is published again from the slot. */
  close(): void {
    this.#abort.abort();
    this.#broker.close();
    this.#lanes.clear();
    this.#blocked.clear();
  }

  async #next(signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<void>();
    const abort = () => {
      aborted.resolve();
    };
    signal.addEventListener('abort', abort, { once: true });
    this.#changed ??= Promise.withResolvers();
    await Promise.race([this.#changed.promise, aborted.promise]);
    signal.removeEventListener('abort', abort);
  }

  #laneOf({ topic, orderingKey }: OutgoingMessage): Lane<Waiting> {
    // No text of Postgres holds the character between them.
    const name = `${topic}\0${orderingKey}`;
    let lane = this.#lanes.get(name);
    if (!lane)
      this.#lanes.set(name, (lane = new Lane(name, topic, this.#road)));
    return lane;
  }

  #settled({ message, held, settled }: Waiting): void {
    this.#messages -= 1;
    this.#bytes -= held;
    this.#options.onPublished?.(message);
    settled();
    this.#change();
  }

  #drained(lane: Lane<Waiting>): void {
    if (this.#lanes.get(lane.name) === lane) this.#lanes.delete(lane.name);
    this.#change();
  }

  #setBlocked(lane: Lane<Waiting>, reason: string | undefined): void {
    if (reason === undefined) {
      this.#blocked.delete(lane);
      if (this.#blocked.size === 0) this.#reported.clear();
      return;
    }
    const text = textOf(lane.topic, reason);
    // In its place, so that the first of a topic is the one that has waited longest.
    const since = this.#blocked.get(lane)?.since ?? new Date();
    this.#blocked.set(lane, { reason, since });
    this.#change();
    this.#options.onBlocked?.(text);
    // Once a topic and reason, however many keys wait and however often they try.
    if (this.#reported.has(text)) return;
    this.#reported.add(text);
    this.#options.logger.error(
      { topic: lane.topic, reason },
      'publishing is held up; nothing is skipped, it is tried again',
    );
  }

  #change(): void {
    this.#changed?.resolve();
    this.#changed = undefined;
  }
}
