import { Backoff, type BackoffOptions } from '../backoff.ts';
import type { OutgoingMessage } from '../outgoing-message.ts';
import type { Caller, Calls } from './calls.ts';
import { isRefusal } from './refusal.ts';

/** A message in a lane. */
export interface Entry {
  readonly message: OutgoingMessage;
  /** As Pub/Sub counts them. */
  readonly bytes: number;
  /** Why it cannot be published: it goes to the desk in its turn. */
  failure: Error | undefined;
}

/** What lanes need from outside; all of them share one. */
export interface LaneRoad<E extends Entry = Entry> {
  /** Resolves once the broker has them, in their order. */
  send(messages: readonly OutgoingMessage[]): Promise<unknown>;
  /** How many lanes may send at once. */
  readonly calls: Calls;
  /** Resolves once the message is on the desk. */
  bury(message: OutgoingMessage, error: Error): Promise<void>;
  /** Tells why the lane cannot go on; undefined when it can. */
  blocked(lane: Lane<E>, reason: string | undefined): void;
  /** The message is with the broker, or on the desk. */
  settled(entry: E): void;
  drained(lane: Lane<E>): void;
  readonly signal: AbortSignal;
  /** Pauses between attempts. */
  readonly backoff?: BackoffOptions | undefined;
}

/** Messages and bytes of one call at most; the service takes 1,000 and 10 MB. A larger message goes alone. */
const callMessages = 1_000;
const callBytes = 1_000_000;

/** The oldest messages of a lane, which go together. */
interface Call {
  readonly count: number;
  readonly bytes: number;
}

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error));

/**
 * The messages of one topic and ordering key, in order: one call at a time, with all that came while the one
 * before was under way. A call that fails is repeated, for ever and with growing pauses. If it is refused for
 * what it is, its messages are sent alone, until the refused one is found and buried.
 */
export class Lane<E extends Entry = Entry> implements Caller {
  readonly #entries: E[] = [];
  #backoff: Backoff | undefined;
  #active = false;
  #blocked = false;
  /** Messages that were in a refused call and have to go alone. */
  #suspects = 0;

  constructor(
    /** Of its topic and key. */
    readonly name: string,
    readonly topic: string,
    readonly road: LaneRoad<E>,
  ) {}

  add(entry: E): void {
    this.#entries.push(entry);
    if (this.#active) return;
    this.#active = true;
    this.#next();
  }

  /** Settles the oldest messages; its turn has come. */
  begin(): number {
    const call = this.#call();
    this.#settle(call.count).then(
      () => this.#wentOn(call),
      (error: unknown) => void this.#failed(asError(error), call),
    );
    return call.bytes;
  }

  #next(): void {
    this.road.calls.wait(this);
  }

  /** How many of the oldest messages go together; one that cannot be published goes alone, to the desk. */
  #call(): Call {
    const most = this.#suspects > 0 ? 1 : callMessages;
    let bytes = 0;
    let count = 0;
    for (const entry of this.#entries) {
      const { failure } = entry;
      if (
        count > 0 &&
        (failure !== undefined || bytes + entry.bytes > callBytes)
      )
        break;
      bytes += entry.bytes;
      count += 1;
      if (failure !== undefined || count === most) break;
    }
    return { count, bytes };
  }

  #settle(count: number): Promise<unknown> {
    const { message, failure } = this.#entries[0]!;
    if (failure) return this.road.bury(message, failure);
    return this.road.send(
      count === 1
        ? [message]
        : this.#entries.slice(0, count).map((entry) => entry.message),
    );
  }

  #wentOn({ count, bytes }: Call): void {
    this.road.calls.end(bytes);
    if (this.road.signal.aborted) return;
    this.#settled(count);
    this.#goOn();
  }

  #settled(count: number): void {
    this.#suspects = Math.max(0, this.#suspects - count);
    for (const entry of this.#entries.splice(0, count))
      this.road.settled(entry);
    this.#backoff?.reset();
    if (!this.#blocked) return;
    this.#blocked = false;
    this.road.blocked(this, undefined);
  }

  #goOn(): void {
    if (this.#entries.length > 0) {
      this.#next();
    } else {
      this.#active = false;
      this.road.drained(this);
    }
  }

  /** Others send while this one waits. */
  async #failed(error: Error, { count, bytes }: Call): Promise<void> {
    const { calls, signal } = this.road;
    calls.end(bytes);
    if (signal.aborted) return;
    if (isRefusal(error)) {
      if (count > 1) {
        this.#suspects = count;
        this.#next();
        return;
      }
      // Refused alone: from now on it is a message that cannot be published.
      const entry = this.#entries[0]!;
      if (entry.failure) await this.#pause(error);
      else entry.failure = error;
    } else {
      await this.#pause(error);
    }
    if (!signal.aborted) this.#next();
  }

  async #pause(error: Error): Promise<void> {
    this.#blocked = true;
    this.road.blocked(this, error.message);
    this.#backoff ??= new Backoff(this.road.backoff);
    await this.#backoff.wait(this.road.signal);
  }
}
