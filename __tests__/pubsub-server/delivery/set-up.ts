import { Consumer } from '../../../src/pubsub-server/delivery/consumer.ts';
import {
  type DeliverySettings,
  SubscriptionState,
} from '../../../src/pubsub-server/delivery/subscription-state.ts';
import type { StoredMessage } from '../../../src/pubsub-server/message.ts';

export const SECOND = 1000;

/** A subscription's state with a clock and a dead-letter topic of its own. */
export class Bench {
  now = 0;
  readonly deadLetters: { message: StoredMessage; attempts: number }[] = [];
  /** Ids, in the order in which the state machine told of them. */
  readonly finished: string[] = [];
  readonly failed: { id: string; deliveries: number; failures: number }[] = [];
  readonly messages = new Map<string, StoredMessage>();
  /** False: there is no dead-letter topic to forward to. */
  forwards = true;
  readonly state: SubscriptionState;
  #published = 0;

  constructor(settings: Partial<DeliverySettings> = {}) {
    this.state = new SubscriptionState(
      {
        ackDeadlineSeconds: 10,
        messageOrdering: false,
        retryPolicy: undefined,
        maxDeliveryAttempts: undefined,
        exactlyOnce: false,
        retention: 7 * 24 * 3600 * SECOND,
        retainAcked: false,
        ...settings,
      },
      {
        ackIdTag: 'bench',
        deadLetter: (message, attempts) => {
          if (this.forwards) this.deadLetters.push({ message, attempts });
          return this.forwards;
        },
        onFinished: ({ id }) => this.finished.push(id),
        onFailed: ({ id }, deliveries, failures) =>
          this.failed.push({ id, deliveries, failures }),
      },
    );
  }

  publish(orderingKey = '', bytes = 10): string {
    this.#published += 1;
    const id = String(this.#published);
    const message = {
      id,
      bytes: Buffer.alloc(bytes),
      publishTime: this.now,
      orderingKey,
    };
    this.messages.set(id, message);
    this.state.publish(message, this.now);
    return id;
  }

  /** Has exactly these messages delivered. */
  seek(...wanted: readonly string[]): void {
    this.state.seek(
      wanted.map((id) => this.messages.get(id)!),
      this.now,
    );
  }

  /** The ids of what could be sought. */
  retained(): string[] {
    return Array.from(this.state.retained(), ({ id }) => id);
  }

  stream(limits: Partial<Consumer['limits']> = {}): Consumer {
    return this.state.addConsumer({
      maxOutstandingMessages: Infinity,
      maxOutstandingBytes: Infinity,
      ackDeadlineSeconds: undefined,
      ...limits,
    });
  }

  /** As a pull request would. */
  pull(maxMessages = 100) {
    const { limits } = this.stream();
    return this.state.take(new Consumer(limits), maxMessages, this.now);
  }

  take(consumer: Consumer, maxMessages = 100) {
    return this.state.take(consumer, maxMessages, this.now);
  }

  ack(...deliveries: { ackId: string }[]): readonly string[] {
    return this.state.acknowledge(
      deliveries.map(({ ackId }) => ackId),
      this.now,
    );
  }

  nack(...deliveries: { ackId: string }[]): readonly string[] {
    return this.extend(0, ...deliveries);
  }

  extend(
    seconds: number,
    ...deliveries: { ackId: string }[]
  ): readonly string[] {
    return this.state.modifyAckDeadline(
      deliveries.map(({ ackId }) => ackId),
      seconds,
      this.now,
    );
  }

  advance(milliseconds: number): void {
    this.now += milliseconds;
    this.state.advance(this.now);
  }
}

export const ids = (
  deliveries: readonly { message: StoredMessage }[],
): string[] => deliveries.map(({ message }) => message.id);
