import type { StoredMessage } from '../message.ts';
import { AckIds, type LeaseReference } from './ack-id.ts';
import { Consumer, type ConsumerLimits } from './consumer.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import { Entry, type EntryKey } from './entry.ts';
import { inPublishOrder } from './publish-order.ts';
import { RetainedMessages } from './retained-messages.ts';
import { backoff, type RetryPolicy } from './retry-policy.ts';
import { WaitingMessages } from './waiting-messages.ts';

/** What of a subscription's configuration decides how its messages are delivered. */
export interface DeliverySettings {
  ackDeadlineSeconds: number;
  messageOrdering: boolean;
  retryPolicy: RetryPolicy | undefined;
  /** Undefined without a dead-letter policy. */
  maxDeliveryAttempts: number | undefined;
  /** Whether an acknowledgement without a standing lease is refused. */
  exactlyOnce: boolean;
  /** How long after its publish time a message is kept, acknowledged or not, in milliseconds. */
  retention: number;
  /** Whether {@link SubscriptionState.retained} gives acknowledged messages, too. */
  retainAcked: boolean;
}

/** A message on its way to a consumer. */
export interface Delivery {
  readonly ackId: string;
  readonly message: StoredMessage;
  /** 1 for the first delivery; 0 without a dead-letter policy, as on the wire. */
  readonly deliveryAttempt: number;
}

export interface SubscriptionPorts {
  /** Lower-case letters and digits that no other subscription has. */
  readonly ackIdTag: string;
  /**
   * Forwards a message whose attempts are used up. False when that is impossible (there is no such
   * topic): the message is then delivered again, as by the service.
   */
  deadLetter(message: StoredMessage, deliveryAttempts: number): boolean;
  /**
   * A message was acknowledged, dead-lettered or became older than the retention; not told of
   * what {@link SubscriptionState.seek} and {@link SubscriptionState.detach} drop.
   */
  onFinished?(message: StoredMessage, sequence: number): void;
  /** A message was nacked or its lease ran out, and it waits again. */
  onFailed?(message: StoredMessage, deliveries: number, failures: number): void;
}

/** A message that is not acknowledged, as a later state machine needs it to go on. */
export interface UnacknowledgedMessage {
  readonly message: StoredMessage;
  /** How often it was handed out; see {@link Entry.deliveries}. */
  readonly deliveries: number;
  /** How often it was nacked or its lease ran out: what its backoff grows with. */
  readonly failures: number;
}

/** What {@link SubscriptionState.statistics} counts; times in milliseconds since the epoch. */
export interface DeliveryStatistics {
  readonly backlog: number;
  readonly outstanding: number;
  readonly oldestPublishTime: number | undefined;
  readonly deliveryAttemptsMax: number;
  readonly deadLettered: number;
}

/** The most messages of one key handed out before other keys have their turn. */
const KEY_TURN = 20;

/** The most bytes handed out at once; clients accept no messages of unlimited size. */
const BYTES_AT_ONCE = 4 * 1024 * 1024;

/**
 * The state machine of one subscription: which message may go to whom, until when it is leased,
 * and what becomes of it then. It knows neither timers nor the network: every call that depends
 * on time is told the time, and {@link nextWake} says when {@link advance} has something to do.
 *
 * Promises: a message is delivered until it is acknowledged or dead-lettered; what was acknowledged
 * is not delivered again; of an ordering key there is at most one outstanding run, and after a
 * failure the key is delivered again from the failed message on. An acknowledgement with an expired
 * lease still counts, as the service allows, while a nack or an extension of one changes nothing.
 */
export class SubscriptionState {
  #settings: DeliverySettings;
  readonly #ports: SubscriptionPorts;
  readonly #ackIds: AckIds;
  readonly #messages = new RetainedMessages();
  readonly #waiting = new WaitingMessages();
  readonly #leases = new DeadlineHeap<Entry>((entry, at) =>
    entry.watched === at ? (entry.watched = entry.until) : undefined,
  );
  #outstanding = 0;
  #deadLettered = 0;

  constructor(settings: DeliverySettings, ports: SubscriptionPorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#ackIds = new AckIds(ports.ackIdTag);
  }

  get settings(): DeliverySettings {
    return this.#settings;
  }

  /** Takes effect at once, but for leases and delays that have begun. */
  set settings(settings: DeliverySettings) {
    this.#settings = settings;
    if (!settings.retainAcked) this.#messages.forgetAcknowledged();
  }

  /** Messages that are neither acknowledged nor leased. */
  get waiting(): number {
    return this.#messages.unacknowledged - this.#outstanding;
  }

  /** Messages not acknowledged yet, leased ones included. */
  get backlog(): number {
    return this.#messages.unacknowledged;
  }

  publish(message: StoredMessage, now: number): void {
    this.#add(message, now);
  }

  /** Everything not acknowledged, leased or not, in publish order. */
  entries(): Iterable<UnacknowledgedMessage> {
    return this.#messages.entries();
  }

  /** Adds what {@link entries} of another state machine gave; it waits, whatever it did there. */
  restore(
    { message, deliveries, failures }: UnacknowledgedMessage,
    now: number,
  ): void {
    const entry = this.#add(message, now);
    entry.deliveries = deliveries;
    entry.failures = failures;
  }

  /** Adds, in publish order, a message that is acknowledged and retained. */
  restoreAcknowledged(message: StoredMessage): void {
    this.#messages.addAcknowledged(message);
  }

  /** A stream that wants messages, until {@link removeConsumer}. */
  addConsumer(limits: ConsumerLimits): Consumer {
    const consumer = new Consumer(limits);
    this.#waiting.addConsumer(consumer);
    return consumer;
  }

  /** The stream has ended; what is leased to it stays leased until acknowledged or expired. */
  removeConsumer(consumer: Consumer): void {
    this.#waiting.removeConsumer(consumer);
  }

  /** Leases up to `maxMessages` messages to a consumer, within the consumer's limits. */
  take(consumer: Consumer, maxMessages: number, now: number): Delivery[] {
    const deadline =
      now +
      1000 *
        (consumer.limits.ackDeadlineSeconds ??
          this.#settings.ackDeadlineSeconds);
    const taken: Delivery[] = [];
    let bytes = 0;
    const takes = (entry: Entry): boolean =>
      taken.length < maxMessages &&
      consumer.admits(entry.message.bytes.length) &&
      (taken.length === 0 ||
        bytes + entry.message.bytes.length <= BYTES_AT_ONCE);
    const lease = (entry: Entry): void => {
      bytes += entry.message.bytes.length;
      taken.push(this.#lease(entry, consumer, deadline));
    };

    let ownedFirst = true;
    for (;;) {
      const source = this.#waiting.next(consumer, ownedFirst);
      if (source === undefined) return taken;
      const head = source instanceof Entry ? source : source.head;
      if (head === undefined || !takes(head)) return taken;
      this.#waiting.remove(source, consumer);
      if (source instanceof Entry) lease(source);
      else {
        for (let turn = 0; turn < KEY_TURN; turn += 1) {
          const entry = source.head;
          if (entry === undefined || entry.until > now || !takes(entry)) break;
          source.take(entry);
          lease(entry);
        }
        this.#waiting.place(source, now);
      }
      ownedFirst = !ownedFirst;
    }
  }

  /** What {@link seek} may give back, in publish order. */
  retained(): Iterable<StoredMessage> {
    return this.#messages.messages();
  }

  /**
   * From now on exactly these messages, in publish order, are not acknowledged: they wait as if
   * never delivered, and every lease ends. What was retained stays retained.
   */
  seek(messages: Iterable<StoredMessage>, now: number): void {
    const order = inPublishOrder(
      [...messages],
      this.#settings.retainAcked ? [...this.retained()] : [],
    );
    this.detach();
    for (const { message, wanted } of order)
      if (wanted) this.#add(message, now);
      else this.#messages.addAcknowledged(message);
  }

  /** Forgets every message; the leases end. */
  detach(): void {
    for (const entry of this.#messages.entries()) {
      this.#endLease(entry);
      entry.state = 'gone';
    }
    this.#messages.clear();
    this.#waiting.clear();
    this.#leases.clear();
  }

  /** Those of the ids that would be refused now, of an exactly-once subscription alone. */
  refused(ackIds: readonly string[], now: number): readonly string[] {
    return this.#settings.exactlyOnce
      ? ackIds.filter((ackId) => this.#standing(ackId, now) === undefined)
      : [];
  }

  /**
   * Exactly-once, only a lease that stands is acknowledged; otherwise a late acknowledgement counts,
   * and unknown ids and those of messages already acknowledged change nothing.
   *
   * @returns the ids that were refused, of an exactly-once subscription alone.
   */
  acknowledge(ackIds: readonly string[], now: number): readonly string[] {
    const refused: string[] = [];
    if (this.#settings.exactlyOnce) {
      for (const ackId of new Set(ackIds)) {
        const entry = this.#standing(ackId, now);
        if (entry === undefined) refused.push(ackId);
        else this.#finish(entry, now);
      }
    } else
      for (const ackId of ackIds) {
        const entry = this.#entry(this.#ackIds.read(ackId));
        if (entry !== undefined) this.#finish(entry, now);
      }
    return refused;
  }

  /**
   * Moves the end of leases to `seconds` from now; 0 gives the messages back (nack). A lease that
   * does not stand is left alone.
   *
   * @returns the ids that were refused, of an exactly-once subscription alone.
   */
  modifyAckDeadline(
    ackIds: readonly string[],
    seconds: number,
    now: number,
  ): readonly string[] {
    const leased: Entry[] = [];
    const refused: string[] = [];
    for (const ackId of ackIds) {
      const entry = this.#standing(ackId, now);
      if (entry !== undefined) leased.push(entry);
      else if (this.#settings.exactlyOnce) refused.push(ackId);
    }
    if (seconds === 0) this.#failAll(leased, now);
    else
      for (const entry of leased) {
        entry.until = now + seconds * 1000;
        this.#watch(entry);
      }
    return refused;
  }

  /** Forgets what is past its retention, and ends the leases and the delays that are over. */
  advance(now: number): void {
    this.#forgetExpired(now);
    const expired: Entry[] = [];
    for (
      let entry = this.#leases.popDue(now);
      entry !== undefined;
      entry = this.#leases.popDue(now)
    )
      expired.push(entry);
    if (expired.length > 0) this.#failAll(expired, now);
    this.#waiting.advance(now);
  }

  /** When {@link advance} is due next, in milliseconds since the epoch. */
  nextWake(): number | undefined {
    const lease = this.#leases.next() ?? Infinity;
    const delay = this.#waiting.nextWake() ?? Infinity;
    const oldest = this.#messages.oldest();
    const expiry = oldest === undefined ? Infinity : this.#expiresAt(oldest);
    const wake = Math.min(lease, delay, expiry);
    return wake === Infinity ? undefined : wake;
  }

  statistics(): DeliveryStatistics {
    let deliveryAttemptsMax = 0;
    let oldestPublishTime: number | undefined;
    for (const { message, deliveries } of this.#messages.entries()) {
      oldestPublishTime ??= message.publishTime;
      deliveryAttemptsMax = Math.max(deliveryAttemptsMax, deliveries);
    }
    return {
      backlog: this.#messages.unacknowledged,
      outstanding: this.#outstanding,
      oldestPublishTime,
      deliveryAttemptsMax,
      deadLettered: this.#deadLettered,
    };
  }

  #add(message: StoredMessage, now: number): Entry {
    const key =
      this.#settings.messageOrdering && message.orderingKey !== ''
        ? this.#waiting.key(message.orderingKey)
        : undefined;
    const entry = this.#messages.add(message, key);
    if (key === undefined) this.#waiting.add(entry, now);
    else {
      key.push(entry);
      this.#waiting.place(key, now);
    }
    return entry;
  }

  #entry(reference: LeaseReference | undefined): Entry | undefined {
    return reference && this.#messages.get(reference.sequence);
  }

  /** The message of a lease that has neither ended nor been followed by another. */
  #standing(ackId: string, now: number): Entry | undefined {
    const reference = this.#ackIds.read(ackId);
    const entry = this.#entry(reference);
    return entry?.state === 'leased' &&
      entry.lease === reference?.lease &&
      entry.until > now
      ? entry
      : undefined;
  }

  #expiresAt(message: Entry | StoredMessage): number {
    const { publishTime } =
      message instanceof Entry ? message.message : message;
    return publishTime + this.#settings.retention;
  }

  #forgetExpired(now: number): void {
    let forgot = false;
    for (
      let oldest = this.#messages.oldest();
      oldest !== undefined && this.#expiresAt(oldest) <= now;
      oldest = this.#messages.oldest()
    ) {
      if (oldest instanceof Entry) this.#end(oldest, false, now);
      else this.#messages.removeOldest();
      forgot = true;
    }
    if (forgot) this.#waiting.forgetEnded();
  }

  #lease(entry: Entry, consumer: Consumer, deadline: number): Delivery {
    entry.state = 'leased';
    entry.deliveries += 1;
    entry.lease += 1;
    entry.until = deadline;
    entry.consumer = consumer;
    consumer.outstandingMessages += 1;
    consumer.outstandingBytes += entry.message.bytes.length;
    this.#outstanding += 1;
    this.#watch(entry);
    return {
      ackId: this.#ackIds.write(entry.sequence, entry.lease),
      message: entry.message,
      deliveryAttempt:
        this.#settings.maxDeliveryAttempts === undefined ? 0 : entry.deliveries,
    };
  }

  #endLease(entry: Entry): void {
    if (entry.state !== 'leased') return;
    const { consumer } = entry;
    if (consumer !== undefined) {
      consumer.outstandingMessages -= 1;
      consumer.outstandingBytes -= entry.message.bytes.length;
      entry.consumer = undefined;
    }
    this.#outstanding -= 1;
    entry.state = 'waiting';
    entry.until = 0;
    entry.watched = 0;
  }

  /** Most leases are extended once and then acknowledged: one place among the deadlines is enough. */
  #watch(entry: Entry): void {
    if (entry.watched !== 0 && entry.watched <= entry.until) return;
    entry.watched = entry.until;
    this.#leases.push(entry, entry.until);
  }

  #finish(entry: Entry, now: number): void {
    this.#end(entry, this.#settings.retainAcked, now);
  }

  #end(entry: Entry, retain: boolean, now: number): void {
    entry.key?.remove(entry);
    this.#endLease(entry);
    entry.state = 'gone';
    this.#messages.acknowledge(entry, retain);
    this.#ports.onFinished?.(entry.message, entry.sequence);
    if (entry.key !== undefined) this.#waiting.place(entry.key, now);
  }

  /**
   * Oldest first. Of a key's messages that fail together only the first counts as failed: the
   * others are taken back with it, so that they do not use up their attempts as its followers.
   */
  #failAll(entries: Entry[], now: number): void {
    entries.sort((left, right) => left.sequence - right.sequence);
    const failedKeys = new Set<EntryKey>();
    for (const entry of entries) {
      if (entry.state !== 'leased') continue;
      const { key } = entry;
      if (key !== undefined && failedKeys.has(key))
        this.#revokeFrom(entry, key, now);
      else this.#fail(entry, now);
      if (key !== undefined) failedKeys.add(key);
    }
  }

  #revokeFrom(entry: Entry, key: EntryKey, now: number): void {
    for (const revoked of key.revokeFrom(entry)) this.#takeBack(revoked);
    this.#waiting.place(key, now);
  }

  /** A delivery that did not fail itself is no attempt, lest a dead letter drag its followers along. */
  #takeBack(follower: Entry): void {
    this.#endLease(follower);
    follower.deliveries -= 1;
  }

  #fail(entry: Entry, now: number): void {
    const { key } = entry;
    const { maxDeliveryAttempts, retryPolicy } = this.#settings;
    entry.failures += 1;
    if (
      maxDeliveryAttempts !== undefined &&
      entry.deliveries >= maxDeliveryAttempts &&
      this.#ports.deadLetter(entry.message, entry.deliveries)
    ) {
      this.#deadLettered += 1;
      this.#finish(entry, now);
      return;
    }
    this.#ports.onFailed?.(entry.message, entry.deliveries, entry.failures);
    this.#endLease(entry);
    for (const revoked of key?.revokeFrom(entry) ?? [])
      if (revoked !== entry) this.#takeBack(revoked);
    entry.until = now + backoff(retryPolicy, entry.failures);
    if (key === undefined) this.#waiting.add(entry, now);
    else this.#waiting.place(key, now);
  }
}
