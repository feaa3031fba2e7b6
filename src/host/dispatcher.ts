import type { HostMetrics } from '../telemetry/metrics.ts';
import { AbandonedHandlers } from './abandoned-handlers.ts';
import type { Delivery } from './delivery.ts';
import { DeliveryTable } from './delivery-table.ts';
import { Fifo } from './fifo.ts';
import type { HandledRecord } from './handling.ts';
import { KeyFences } from './key-fences.ts';
import { KeySerialiser } from './key-serialiser.ts';
import { type Limits, limitsOf } from './limits.ts';
import type { ServedWorker } from './served-worker.ts';

export interface DispatcherOptions {
  readonly worker: ServedWorker;
  readonly metrics: HostMetrics;
  /** Takes a message through the stages; `done` is called once, after this has returned. */
  readonly handle: (
    delivery: Delivery,
    done: (record: HandledRecord) => void,
  ) => void;
  readonly onRecord?: (record: HandledRecord) => void;
  /** Too many given-up handlers run on, or few enough again. */
  readonly onOverload?: (overloaded: boolean) => void;
}

/**
 * Decides when each message of one subscription runs.
 *
 * A delivery is `ready` and waits for one of `maxMessages` slots, then `running`, then `settled`.
 * With ordering, only the head of a key is ready; the others are `behind`. A failed head is `delayed`
 * and ready again, its key held, until it succeeds or is a dead letter; then the next one is the head.
 * Only a drain, an overload or a lost lease gives a key back, and then whole: the head, then all behind
 * it. A head whose handler still runs although given up on is `held`, and so is its key, until that ends.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #limits: Limits;
  readonly #ready = new Fifo<Delivery>();
  readonly #keys = new KeySerialiser<Delivery>();
  readonly #fences: KeyFences;
  readonly #deliveries: DeliveryTable;
  readonly #held = new Set<Delivery>();
  readonly #abandoned: AbandonedHandlers;
  #running = 0;
  #draining = false;
  #paused = false;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#limits = limitsOf(options.worker);
    this.#deliveries = new DeliveryTable(this.#limits.held);
    this.#fences = new KeyFences(options.worker.ackDeadlineSeconds * 1_000);
    this.#abandoned = new AbandonedHandlers({
      most: this.#limits.abandoned,
      onCount: (running) => {
        options.metrics.abandoned = running;
      },
      onOverload: (overloaded) => {
        if (overloaded) this.#giveBackQueued();
        options.onOverload?.(overloaded);
        if (!overloaded) this.#pump();
      },
    });
  }

  get inFlight(): number {
    return this.#running;
  }

  /** Takes a message in, or gives it back at once when nothing may start. */
  receive(delivery: Delivery): void {
    const known = this.#deliveries.get(delivery.messageId);
    if (known) {
      known.join(delivery);
      return;
    }
    const key = this.#keyOf(delivery);
    if (key !== undefined && this.#keys.head(key) !== undefined) {
      this.#deliveries.add(delivery);
      delivery.phase = 'behind';
      this.#keys.enter(key, delivery);
      return;
    }
    if (
      this.#stopped ||
      (key !== undefined && !this.#fences.admit(key, delivery.messageId))
    ) {
      delivery.nack();
      return;
    }
    this.#deliveries.add(delivery);
    if (key !== undefined) this.#keys.enter(key, delivery);
    if (
      this.#ready.size === 0 &&
      this.#running < this.#options.worker.maxMessages
    )
      this.#start(delivery);
    else this.#makeReady(delivery);
  }

  /** Starts nothing more and gives back what is queued; what runs goes on. */
  drain(): void {
    this.#draining = true;
    this.#giveBackQueued();
  }

  /** Starts nothing more until `resume`, and gives back what is queued; what runs goes on. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#giveBackQueued();
  }

  resume(): void {
    this.#paused = false;
    this.#pump();
  }

  /** Aborts what runs and gives up the keys that given-up handlers hold. */
  abort(reason: Error): void {
    for (const delivery of this.#deliveries.values())
      if (delivery.phase === 'running') delivery.cancellation.cancel(reason);
    for (const delivery of this.#held) this.#giveBackKey(delivery.orderingKey);
  }

  /** Gives back whatever is left, although it may still run. */
  release(): void {
    for (const delivery of this.#deliveries.values()) {
      delivery.nack();
      this.#deliveries.delete(delivery);
    }
  }

  /** Resolves once nothing runs and no key is held. */
  idle(): Promise<void> {
    if (this.#running === 0 && this.#held.size === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  get #stopped(): boolean {
    return this.#draining || this.#paused || this.#abandoned.overloaded;
  }

  #keyOf({ orderingKey }: Delivery): string | undefined {
    return this.#options.worker.ordered && orderingKey !== ''
      ? orderingKey
      : undefined;
  }

  #makeReady(delivery: Delivery): void {
    delivery.phase = 'ready';
    this.#ready.push(delivery);
  }

  #pump(): void {
    while (
      !this.#stopped &&
      this.#ready.size > 0 &&
      this.#running < this.#options.worker.maxMessages
    ) {
      const delivery = this.#ready.shift();
      if (delivery?.phase === 'ready') this.#start(delivery);
    }
  }

  #start(delivery: Delivery): void {
    const waited = Date.now() - delivery.receivedAt;
    if (waited > this.#limits.queueWait) {
      this.#giveBackLost(delivery);
      return;
    }
    const { metrics, handle } = this.#options;
    if (delivery.tries === 0) metrics.waited(waited / 1_000);
    delivery.tries += 1;
    delivery.phase = 'running';
    this.#running += 1;
    metrics.running = this.#running;
    handle(delivery, (record) => this.#finish(delivery, record));
  }

  #finish(delivery: Delivery, record: HandledRecord): void {
    this.#running -= 1;
    this.#options.metrics.running = this.#running;
    if (record.abandoned) this.#abandoned.add(record.abandoned);
    if (delivery.phase === 'running') {
      const key = this.#keyOf(delivery);
      if (key === undefined) this.#settle(delivery, record);
      else this.#finishHead(key, delivery, record);
    }
    this.#options.onRecord?.(record);
    this.#pump();
    this.#checkIdle();
  }

  #settle(delivery: Delivery, { outcome }: HandledRecord): void {
    this.#deliveries.delete(delivery);
    if (outcome === 'nack') delivery.nack();
    else delivery.ack();
  }

  #finishHead(key: string, delivery: Delivery, record: HandledRecord): void {
    const proceed = () => {
      if (record.outcome === 'nack') this.#retry(key, delivery, record);
      else {
        this.#settle(delivery, record);
        this.#advance(key);
      }
    };
    // What a cut connection can no longer effect need not be waited for.
    if (!record.abandoned || this.#options.worker.transactional) {
      proceed();
      return;
    }
    delivery.phase = 'held';
    this.#held.add(delivery);
    void record.abandoned.then(() => {
      this.#held.delete(delivery);
      if (delivery.phase === 'held') proceed();
      this.#pump();
      this.#checkIdle();
    });
  }

  #advance(key: string): void {
    const next = this.#keys.advance(key);
    if (!next) return;
    if (this.#stopped) this.#giveBackKey(key);
    else this.#makeReady(next);
  }

  #retry(key: string, delivery: Delivery, { failures }: HandledRecord): void {
    if (this.#stopped) {
      this.#giveBackKey(key);
      return;
    }
    const { backoffMinimum, backoffMaximum, queueWait } = this.#limits;
    const exponent = Math.min((failures ?? delivery.tries) - 1, 30);
    const delay = Math.min(backoffMaximum, backoffMinimum * 2 ** exponent);
    if (Date.now() + delay - delivery.receivedAt > queueWait) {
      this.#giveBackLost(delivery);
      return;
    }
    delivery.renew();
    delivery.phase = 'delayed';
    delivery.timer = setTimeout(() => {
      this.#makeReady(delivery);
      this.#pump();
    }, delay);
  }

  /** Waited so long that its lease would not last for its handler. */
  #giveBackLost(delivery: Delivery): void {
    const key = this.#keyOf(delivery);
    if (key === undefined) {
      this.#deliveries.delete(delivery);
      delivery.nack();
      return;
    }
    this.#fences.raise(key, delivery.messageId);
    this.#giveBackKey(key);
  }

  /** The head first and then all behind it: the broker delivers the key again from its head on. */
  #giveBackKey(key: string): void {
    for (const delivery of this.#keys.clear(key)) {
      this.#deliveries.delete(delivery);
      if (delivery.phase !== 'settled') delivery.nack();
    }
  }

  #giveBackQueued(): void {
    for (const delivery of this.#ready.clear()) {
      if (delivery.phase !== 'ready' || this.#keyOf(delivery) !== undefined)
        continue;
      this.#deliveries.delete(delivery);
      delivery.nack();
    }
    for (const key of this.#keys.keys) {
      const phase = this.#keys.head(key)?.phase;
      // Those behind a running head wait for it, else another process would run them first.
      if (phase !== 'running' && phase !== 'held') this.#giveBackKey(key);
    }
  }

  #checkIdle(): void {
    if (this.#running > 0 || this.#held.size > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}
