import { setImmediate as turn } from 'node:timers/promises';

import { Backoff, type BackoffOptions } from '../backoff.ts';
import type { OutgoingMessage } from '../outgoing-message.ts';
import { isHeldBack, isRefusal } from './refusal.ts';

/** A message in a lane, and whom to tell when it is settled. */
export interface Entry {
  readonly message: OutgoingMessage;
  /** It is with the broker, or on the desk. */
  readonly settled: () => void;
}

/** What a lane needs from outside. */
export interface LaneRoad {
  /** Resolves once the broker has the message. */
  send(message: OutgoingMessage): Promise<unknown>;
  /** The client holds a key back after a failure, until told otherwise. */
  resume(topic: string, orderingKey: string): void;
  /** Resolves once the message is on the desk. */
  bury(message: OutgoingMessage, error: Error): Promise<void>;
  /** Tells why the lane cannot go on; undefined when it can. */
  blocked(lane: Lane, reason: string | undefined): void;
  drained(lane: Lane): void;
  readonly signal: AbortSignal;
  /** Pauses between attempts. */
  readonly backoff?: BackoffOptions;
}

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error));

/**
 * The messages of one topic and ordering key, in order.
 *
 * Open: each is sent as it comes; the client keeps their order. After a failure the lane waits
 * until nothing is under way, and then sends the oldest alone: until the broker takes it, for ever
 * and with growing pauses, or until it is refused for what it is and buried. One bad message makes
 * the client reject all that were in its batch, so after a refusal every suspect is sent alone.
 * Then the lane is open again.
 */
export class Lane {
  readonly #entries: Entry[] = [];
  #outstanding = 0;
  #open = true;
  #failure: Error | undefined;

  constructor(
    readonly topic: string,
    readonly orderingKey: string,
    readonly road: LaneRoad,
  ) {}

  add(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#open && entry.message.failure) {
      this.#open = false;
      this.#failure = entry.message.failure;
      if (this.#outstanding === 0) void this.#recover();
    } else if (this.#open) {
      this.#sendOpen(entry);
    }
  }

  #sendOpen(entry: Entry): void {
    this.#outstanding += 1;
    this.road.send(entry.message).then(
      () => {
        this.#outstanding -= 1;
        this.#entries.splice(this.#entries.indexOf(entry), 1);
        entry.settled();
        this.#afterSettled();
      },
      (error: unknown) => {
        this.#outstanding -= 1;
        this.#open = false;
        this.#failure ??= asError(error);
        this.#afterSettled();
      },
    );
  }

  #afterSettled(): void {
    if (this.#outstanding > 0) return;
    if (!this.#open) void this.#recover();
    else if (this.#entries.length === 0) this.road.drained(this);
  }

  async #recover(): Promise<void> {
    const { road } = this;
    const backoff = new Backoff(road.backoff);
    // The failed message is among those that were waiting when it failed.
    let suspects = isRefusal(this.#failure) ? this.#entries.length : 1;
    // The client tells of a failure a moment before it rejects what came in meanwhile: what is sent
    // within that moment would be rejected with an error that is not its own.
    await turn();
    while (this.#entries.length > 0 && !road.signal.aborted) {
      const entry = this.#entries[0]!;
      if (suspects <= 0 && !entry.message.failure) break;
      try {
        await this.#settleAlone(entry);
        if (road.signal.aborted) return;
        this.#entries.shift();
        suspects -= 1;
        entry.settled();
        road.blocked(this, undefined);
        backoff.reset();
      } catch (error) {
        road.blocked(this, asError(error).message);
        await backoff.wait(road.signal);
      }
    }
    if (road.signal.aborted) return;
    road.blocked(this, undefined);
    this.#reopen();
  }

  #reopen(): void {
    this.#failure = undefined;
    this.#open = true;
    this.road.resume(this.topic, this.orderingKey);
    const waiting = this.#entries.splice(0);
    if (waiting.length === 0) this.road.drained(this);
    for (const entry of waiting) this.add(entry);
  }

  async #settleAlone({ message }: Entry): Promise<void> {
    let refusal = message.failure;
    if (!refusal) {
      try {
        this.road.resume(this.topic, this.orderingKey);
        await this.road.send(message);
      } catch (error) {
        const own = error !== this.#failure && !isHeldBack(error);
        this.#failure = asError(error);
        await turn();
        if (!own || !isRefusal(error)) throw error;
        refusal = this.#failure;
      }
    }
    if (refusal) await this.road.bury(message, refusal);
  }
}
