import type { Message, PubSub } from '@google-cloud/pubsub';

import { type HostMetrics, hostMetrics } from '../telemetry/metrics.ts';
import { Delivery } from './delivery.ts';
import { Dispatcher } from './dispatcher.ts';
import { DrainAbortedError } from './errors.ts';
import { handleDelivery } from './handle.ts';
import type { HandledRecord, HandleDependencies } from './handling.ts';
import type { ServedWorker } from './served-worker.ts';
import { type StreamState, SupervisedStream } from './stream.ts';

export interface HostedSubscriptionOptions {
  readonly client: PubSub;
  readonly worker: ServedWorker;
  readonly dependencies: HandleDependencies;
  readonly signals: {
    onRecord?(record: HandledRecord): void;
    onState?(
      subscription: string,
      state: StreamState,
      reason: string | undefined,
    ): void;
  };
}

const received = (message: Message): Delivery =>
  new Delivery(
    message.id,
    message.data,
    message.attributes,
    message.publishTime,
    // Without a dead-letter policy the broker does not count.
    message.deliveryAttempt || 1,
    message.orderingKey ?? '',
    message,
    message.received,
  );

/** One worker, its stream and its dispatcher. */
export class HostedSubscription {
  readonly #worker: ServedWorker;
  readonly #stream: SupervisedStream;
  readonly #dispatcher: Dispatcher;
  readonly #decided = Promise.withResolvers<void>();
  readonly #metrics: HostMetrics;
  /** Why it must not receive: too much runs on, or an operator has said so. */
  #overload: string | undefined;
  #pause: string | undefined;

  constructor(options: HostedSubscriptionOptions) {
    const { client, worker, dependencies, signals } = options;
    const { subscription } = worker;
    const metrics = hostMetrics(subscription);
    this.#worker = worker;
    this.#metrics = metrics;
    this.#dispatcher = new Dispatcher({
      worker,
      metrics,
      handle: (delivery, done) => {
        // Its own options, too: how it is cancelled, and whether it failed before.
        handleDelivery(dependencies, worker, delivery, delivery, done);
      },
      onRecord: (record) => signals.onRecord?.(record),
      onOverload: (overloaded) => {
        this.#overload = overloaded
          ? `more than ${2 * worker.maxMessages} handlers run on after their timeout of ` +
            `${worker.timeoutSeconds} s; let them observe message.signal`
          : undefined;
        this.#pauseOrResume();
      },
    });
    this.#stream = new SupervisedStream({
      client,
      worker,
      logger: dependencies.logger,
      onMessage: (message) => this.#dispatcher.receive(received(message)),
      onReopen: () => {
        metrics.reopenings += 1;
      },
      onState: (state, reason) => {
        if (state !== 'opening') this.#decided.resolve();
        signals.onState?.(subscription, state, reason);
      },
    });
  }

  get name(): string {
    return this.#worker.subscription;
  }

  get inFlight(): number {
    return this.#dispatcher.inFlight;
  }

  /** Resolves when it streams or has said why it cannot. */
  open(): Promise<void> {
    if (this.#pause === undefined) this.#stream.open();
    else this.#pauseOrResume();
    return this.#decided.promise;
  }

  /**
   * Pulls nothing more until it is told otherwise; what runs goes on to its end, what is queued is given back.
   *
   * @param why `undefined` lets it go on.
   */
  setPause(why: string | undefined): void {
    if (this.#pause === why) return;
    this.#pause = why;
    this.#metrics.paused = why !== undefined;
    if (why === undefined) this.#dispatcher.resume();
    else this.#dispatcher.pause();
    this.#pauseOrResume();
  }

  #pauseOrResume(): void {
    const why = this.#pause ?? this.#overload;
    if (why === undefined) this.#stream.resume();
    else this.#stream.pause(why);
  }

  status(): {
    subscription: string;
    state: StreamState;
    reason?: string;
    pausedByOperator: boolean;
  } {
    const { state, reason } = this.#stream;
    return {
      subscription: this.#worker.subscription,
      state,
      pausedByOperator: this.#pause !== undefined,
      ...(reason !== undefined && { reason }),
    };
  }

  close(): Promise<void> {
    return this.#stream.close();
  }

  drain(): void {
    this.#dispatcher.drain();
  }

  idle(): Promise<void> {
    return this.#dispatcher.idle();
  }

  abort(limitSeconds: number): void {
    this.#dispatcher.abort(new DrainAbortedError(limitSeconds));
  }

  release(): void {
    this.#dispatcher.release();
  }
}
