import type { Message, RawMessage } from '../workers/worker.ts';
import type { Cancellation } from './cancellation.ts';

/** What a handler gets: the message with its decoded payload and the signal of this attempt. */
export class HandlerMessage implements Message<unknown> {
  readonly messageId: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly publishTime: Date;
  readonly deliveryAttempt: number;
  readonly orderingKey: string;
  readonly #cancellation: Cancellation;

  constructor(
    raw: RawMessage,
    readonly data: unknown,
    cancellation: Cancellation,
  ) {
    this.messageId = raw.messageId;
    this.attributes = raw.attributes;
    this.publishTime = raw.publishTime;
    this.deliveryAttempt = raw.deliveryAttempt;
    this.orderingKey = raw.orderingKey;
    this.#cancellation = cancellation;
  }

  /** Whether the signal is aborted, without making one. */
  get cancelled(): boolean {
    return this.#cancellation.reason !== undefined;
  }

  get signal(): AbortSignal {
    return this.#cancellation.signal;
  }
}
