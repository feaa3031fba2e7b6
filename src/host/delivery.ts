import type { RawMessage } from '../workers/worker.ts';
import { Cancellation } from './cancellation.ts';

/** The client's hold on a message: settled once, extended by the client until then. */
export interface Lease {
  ack(): void;
  nack(): void;
}

/** Where a delivery stands in the host. */
export type Phase =
  /** Behind the head of its ordering key. */
  | 'behind'
  /** Waiting for a free slot. */
  | 'ready'
  | 'running'
  /** Failed head of a key, waiting to be tried again. */
  | 'delayed'
  /** Its handler was given up on and still runs; the key stays held. */
  | 'held'
  | 'settled';

/**
 * A message that the host holds. When the broker delivers it again in the meantime, because a lease
 * was lost, the new lease joins it: one message is never handled twice at once.
 */
export class Delivery implements RawMessage {
  phase: Phase = 'ready';
  /** Tries in this process so far. */
  tries = 0;
  failedBefore = false;
  timer: NodeJS.Timeout | undefined;
  /** The next one of its chain in the table of deliveries. */
  chained: Delivery | undefined = undefined;
  cancellation = new Cancellation();
  /** Deliveries of this message that its settling answers. */
  copies = 1;
  /** Milliseconds since the epoch; of the newest lease. */
  receivedAt: number;
  readonly #lease: Lease;
  /** Of redeliveries; few messages have one. */
  #more: Lease[] | undefined;

  constructor(
    readonly messageId: string,
    readonly data: Buffer,
    readonly attributes: Readonly<Record<string, string>>,
    readonly publishTime: Date,
    readonly deliveryAttempt: number,
    readonly orderingKey: string,
    lease: Lease,
    receivedAt: number,
  ) {
    this.#lease = lease;
    this.receivedAt = receivedAt;
  }

  get signal(): AbortSignal {
    return this.cancellation.signal;
  }

  /** A redelivery of this message takes its place behind the same settling. */
  join(other: Delivery): void {
    this.#more = [...(this.#more ?? []), other.#lease, ...(other.#more ?? [])];
    this.copies += other.copies;
    this.receivedAt = other.receivedAt;
  }

  /** The next try gets a signal of its own. */
  renew(): void {
    this.cancellation = new Cancellation();
    this.failedBefore = true;
  }

  ack(): void {
    this.#settle();
    this.#lease.ack();
    this.#more?.forEach((lease) => lease.ack());
  }

  nack(): void {
    this.#settle();
    this.#lease.nack();
    this.#more?.forEach((lease) => lease.nack());
  }

  #settle(): void {
    this.phase = 'settled';
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
