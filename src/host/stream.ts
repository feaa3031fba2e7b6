import type { Message, PubSub, Subscription } from '@google-cloud/pubsub';

import type { Logger } from '../logger.ts';
import { subscriptionOptions } from './clients.ts';
import type { ServedWorker } from './served-worker.ts';

export type StreamState =
  'opening' | 'streaming' | 'reopening' | 'paused' | 'closed';

export interface StreamOptions {
  readonly client: PubSub;
  readonly worker: ServedWorker;
  readonly logger: Logger;
  readonly onMessage: (message: Message) => void;
  readonly onState: (state: StreamState, reason: string | undefined) => void;
  readonly onReopen: () => void;
}

const FIRST_BACKOFF = 250;
const LONGEST_BACKOFF = 30_000;
/** A stream that neither answered nor ended within this time counts as open if its channel is. */
const CONFIRM_MILLISECONDS = 1_000;
const CHANNEL_READY = 2;

/** The client's message stream, where the broker's first answer shows; see `#watchAnswers`. */
interface Internals {
  readonly _subscriber?: {
    readonly _stream?: { on(event: 'data', listener: () => void): unknown };
  };
}

/** The part of the generated client that knows its channel. */
interface Stub {
  getChannel(): { getConnectivityState(connect: boolean): number };
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'the stream was closed';
  const { code } = error as { code?: unknown };
  return typeof code === 'number'
    ? `${error.message} (gRPC status ${code})`
    : error.message;
};

/**
 * Keeps one subscription streaming.
 *
 * The client retries what it takes for passing and ends the subscription for good on all else
 * (NOT_FOUND, PERMISSION_DENIED, UNKNOWN, OK), with one `error` and a `close` that comes only once
 * its messages are settled. So a stream that is no longer open after an error is opened anew, with
 * backoff, while the old one lives on for the acks of its messages.
 */
export class SupervisedStream {
  readonly #options: StreamOptions;
  readonly #closings = new Set<Promise<void>>();
  #current: Subscription | undefined;
  #state: StreamState = 'opening';
  #reason: string | undefined;
  #backoff = FIRST_BACKOFF;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  get state(): StreamState {
    return this.#state;
  }

  /** Why it is not streaming. */
  get reason(): string | undefined {
    return this.#reason;
  }

  open(): void {
    if (this.#closed || this.#current) return;
    this.#clearTimer();
    const { client, worker, onMessage } = this.#options;
    try {
      const subscription = client.subscription(
        worker.subscription,
        subscriptionOptions(worker),
      );
      this.#current = subscription;
      this.#closings.add(this.#closing(subscription));
      let last: Error | undefined;
      subscription.on('error', (error) => {
        last = error;
        // The client marks itself closed only after this event.
        setImmediate(() => {
          if (!subscription.isOpen) this.#lost(subscription, error);
        });
      });
      subscription.on('close', () => this.#lost(subscription, last));
      subscription.on('debug', ({ message }) => {
        if (/has ended with status \d+; will be retried/.test(message))
          this.#interrupted(subscription, message);
      });
      subscription.on('message', (message) => {
        this.#confirmed(subscription);
        onMessage(message);
      });
      this.#watchAnswers(subscription);
      this.#confirmLater(subscription);
    } catch (error) {
      this.#lost(this.#current, error);
    }
  }

  /** Ends the stream until `resume`; messages in hand can still be settled. */
  pause(reason: string): void {
    if (this.#closed) return;
    this.#stop();
    this.#become('paused', reason);
  }

  resume(): void {
    if (this.#closed || this.#state !== 'paused') return;
    this.#become('opening', undefined);
    this.open();
  }

  /**
   * Pulls nothing more from this call on. Resolves once every message was settled and the broker
   * has its acks.
   */
  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#stop();
      this.#become('closed', undefined);
    }
    await Promise.all(this.#closings);
  }

  /** `close()` is the client's only way to stop pulling. */
  #stop(): void {
    this.#clearTimer();
    const subscription = this.#current;
    this.#current = undefined;
    subscription?.close().catch((error: unknown) => {
      this.#options.logger.warn(
        {
          subscription: this.#options.worker.subscription,
          reason: reasonOf(error),
        },
        'a stream did not close cleanly; its messages come again',
      );
    });
  }

  #closing(subscription: Subscription): Promise<void> {
    const closing = new Promise<void>((resolve) => {
      subscription.once('close', () => {
        this.#closings.delete(closing);
        resolve();
      });
    });
    return closing;
  }

  #become(state: StreamState, reason: string | undefined): void {
    if (this.#state === state && this.#reason === reason) return;
    this.#state = state;
    this.#reason = reason;
    this.#options.onState(state, reason);
  }

  #confirmed(subscription: Subscription): void {
    if (this.#current !== subscription || this.#state === 'streaming') return;
    this.#clearTimer();
    this.#backoff = FIRST_BACKOFF;
    this.#become('streaming', undefined);
  }

  /** The broker answers a new stream at once with the properties of the subscription. */
  #watchAnswers(subscription: Subscription): void {
    const { _subscriber } = subscription as unknown as Internals;
    _subscriber?._stream?.on('data', () => this.#confirmed(subscription));
  }

  /** For brokers that stay silent until there is a message. */
  #confirmLater(subscription: Subscription): void {
    this.#timer = setTimeout(() => {
      if (this.#current !== subscription) return;
      this.#options.client.getClient_(
        { client: 'SubscriberClient' },
        (error, client) => {
          if (error || this.#current !== subscription || !client) return;
          const { subscriberStub } = client as unknown as {
            subscriberStub?: Promise<Stub>;
          };
          subscriberStub
            ?.then((stub) => {
              if (this.#current !== subscription) return;
              const state = stub.getChannel().getConnectivityState(false);
              if (state === CHANNEL_READY) this.#confirmed(subscription);
              else this.#confirmLater(subscription);
            })
            .catch(() => undefined);
        },
      );
    }, CONFIRM_MILLISECONDS);
  }

  /** The client itself tries again. */
  #interrupted(subscription: Subscription, reason: string): void {
    if (this.#current !== subscription) return;
    this.#clearTimer();
    this.#become('reopening', reason);
    this.#confirmLater(subscription);
  }

  #lost(subscription: Subscription | undefined, error: unknown): void {
    if (this.#closed || this.#current !== subscription) return;
    this.#current = undefined;
    this.#clearTimer();
    const { logger, worker, onReopen } = this.#options;
    const reason = reasonOf(error);
    logger.warn(
      {
        subscription: worker.subscription,
        reason,
        milliseconds: this.#backoff,
      },
      'the stream of a subscription ended; it is opened again',
    );
    this.#become('reopening', reason);
    this.#timer = setTimeout(() => {
      onReopen();
      this.open();
    }, this.#backoff);
    this.#backoff = Math.min(LONGEST_BACKOFF, this.#backoff * 2);
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
