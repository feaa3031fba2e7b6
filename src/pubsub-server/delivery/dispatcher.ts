import type { Clock, TimerHandle } from '../clock.ts';
import type { PubSubError } from '../errors.ts';
import type { StoredMessage } from '../message.ts';
import { Consumer, type ConsumerLimits } from './consumer.ts';
import type { Delivery, SubscriptionState } from './subscription-state.ts';

/** Where the deliveries of one stream go. */
export interface DeliverySink {
  /** False while the connection is behind; whoever makes it true again calls {@link Dispatcher.schedule}. */
  writable(): boolean;
  send(deliveries: readonly Delivery[]): void;
  /** The subscription is gone or the server stops: nothing is sent any more. */
  end(reason: PubSubError): void;
}

/** One stream's place at a subscription. */
export interface Attachment {
  readonly consumer: Consumer;
  /** Idempotent. */
  detach(): void;
}

interface WaitingPull {
  readonly maxMessages: number;
  answer(deliveries: readonly Delivery[]): void;
  fail(reason: PubSubError): void;
}

/** The most messages in one response to a stream. */
const MESSAGES_A_RESPONSE = 100;

/** How long a pull waits for a first message before it is answered with none, in milliseconds. */
const PULL_WAIT = 20_000;

/** The longest a timer of Node can be, in milliseconds; a retention may be longer. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/**
 * Drives one subscription's state machine: carries time to it by a single timer and its messages
 * to streams and waiting pulls, each stream in turn with an even share. Work is done once an
 * event-loop turn however many publishes and acknowledgements it held.
 */
export class Dispatcher {
  readonly state: SubscriptionState;
  /** Messages handed to streams and pulls since the server started, again ones included. */
  delivered = 0;
  readonly #clock: Clock;
  readonly #streams: { consumer: Consumer; sink: DeliverySink }[] = [];
  readonly #pulls = new Set<WaitingPull>();
  #turn = 0;
  #scheduled = false;
  #closed = false;
  #timer: TimerHandle | undefined;
  #timerAt = Infinity;

  constructor(state: SubscriptionState, clock: Clock) {
    this.state = state;
    this.#clock = clock;
  }

  publish(message: StoredMessage): void {
    this.state.publish(message, this.#clock.now());
    this.schedule();
  }

  /** Those of the ids that would be refused now, of an exactly-once subscription alone. */
  refused(ackIds: readonly string[]): readonly string[] {
    return this.state.refused(ackIds, this.#clock.now());
  }

  /** @returns the ids that were refused, of an exactly-once subscription alone. */
  acknowledge(ackIds: readonly string[]): readonly string[] {
    const refused = this.state.acknowledge(ackIds, this.#clock.now());
    this.schedule();
    return refused;
  }

  /** @returns the ids that were refused, of an exactly-once subscription alone. */
  modifyAckDeadline(
    ackIds: readonly string[],
    seconds: number,
  ): readonly string[] {
    const refused = this.state.modifyAckDeadline(
      ackIds,
      seconds,
      this.#clock.now(),
    );
    this.schedule();
    return refused;
  }

  /** Has these messages delivered, in this order, and nothing else of what there was. */
  seek(messages: Iterable<StoredMessage>): void {
    this.state.seek(messages, this.#clock.now());
    this.schedule();
  }

  /** How many streams are open. */
  get streams(): number {
    return this.#streams.length;
  }

  /** How many pull requests wait for a first message. */
  get waitingPulls(): number {
    return this.#pulls.size;
  }

  attach(limits: ConsumerLimits, sink: DeliverySink): Attachment {
    const stream = { consumer: this.state.addConsumer(limits), sink };
    this.#streams.push(stream);
    this.schedule();
    return {
      consumer: stream.consumer,
      detach: () => {
        const index = this.#streams.indexOf(stream);
        if (index === -1) return;
        this.#streams.splice(index, 1);
        this.state.removeConsumer(stream.consumer);
        this.schedule();
      },
    };
  }

  /**
   * Leases messages to a pull request; waits for a first one unless `immediately`. The answer
   * is empty when none came in time or `signal` aborted.
   */
  pull(
    maxMessages: number,
    immediately: boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    const deliveries = this.#take(maxMessages);
    if (deliveries.length > 0 || immediately || this.#closed || signal.aborted)
      return Promise.resolve(deliveries);
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#pulls.delete(waiting);
        this.#clock.clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
      };
      const waiting: WaitingPull = {
        maxMessages,
        answer: (answer) => {
          settle();
          resolve(answer);
        },
        fail: (reason) => {
          settle();
          reject(reason);
        },
      };
      const giveUp = (): void => {
        waiting.answer([]);
      };
      const timer = this.#clock.setTimeout(giveUp, PULL_WAIT);
      signal.addEventListener('abort', giveUp);
      this.#pulls.add(waiting);
    });
  }

  /** Has deliveries made soon; cheap to call often. */
  schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#closed) this.#deliver();
    });
  }

  /** Forgets every message and ends every stream and every waiting pull. */
  detach(reason: PubSubError): void {
    this.state.detach();
    this.close(reason);
  }

  /** Ends every stream and every waiting pull; nothing is delivered any more. */
  close(reason: PubSubError): void {
    this.#closed = true;
    this.#clock.clearTimeout(this.#timer);
    for (const { sink } of this.#streams.splice(0)) sink.end(reason);
    for (const pull of [...this.#pulls]) pull.fail(reason);
  }

  #take(maxMessages: number): Delivery[] {
    const now = this.#clock.now();
    this.state.advance(now);
    const limits = {
      maxOutstandingMessages: Infinity,
      maxOutstandingBytes: Infinity,
      ackDeadlineSeconds: undefined,
    };
    const deliveries = this.state.take(new Consumer(limits), maxMessages, now);
    this.delivered += deliveries.length;
    this.#wakeInTime();
    return deliveries;
  }

  #deliver(): void {
    const now = this.#clock.now();
    this.state.advance(now);
    for (const pull of [...this.#pulls]) {
      if (this.state.waiting === 0) break;
      const deliveries = this.#take(pull.maxMessages);
      if (deliveries.length === 0) break;
      pull.answer(deliveries);
    }
    while (this.state.waiting > 0 && this.#deliverRound(now));
    this.#wakeInTime();
  }

  /** Offers every stream its share once; false when nothing could be sent. */
  #deliverRound(now: number): boolean {
    const share = Math.min(
      MESSAGES_A_RESPONSE,
      Math.ceil(this.state.waiting / Math.max(1, this.#streams.length)),
    );
    let sent = false;
    const first = this.#turn;
    for (let offset = 0; offset < this.#streams.length; offset += 1) {
      const index = (first + offset) % this.#streams.length;
      const stream = this.#streams[index];
      if (stream === undefined || !stream.sink.writable()) continue;
      const deliveries = this.state.take(stream.consumer, share, now);
      if (deliveries.length === 0) continue;
      sent = true;
      this.delivered += deliveries.length;
      this.#turn = index + 1;
      stream.sink.send(deliveries);
    }
    return sent;
  }

  #wakeInTime(): void {
    const wake = this.state.nextWake();
    if (wake === undefined || wake >= this.#timerAt) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timerAt = wake;
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#timerAt = Infinity;
        this.schedule();
      },
      Math.min(Math.max(0, wake - this.#clock.now()), LONGEST_TIMEOUT),
    );
  }
}
