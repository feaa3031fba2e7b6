import type { StoredMessage } from '../message.ts';
import { AckIds, type LeaseReference } from './ack-id.ts';
import { Consumer, type ConsumerLimits } from './consumer.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import { Deque } from './deque.ts';
import { Entry, type EntryKey } from './entry.ts';
import { OrderingKey } from './ordering-key.ts';
import { RetainedMessages } from './retained-messages.ts';
import { backoff, type RetryPolicy } from './retry-policy.ts';

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
  /** How often it was handed out. */
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
  readonly #keys = new Map<string, EntryKey>();
  readonly #ready = new Deque<Entry | EntryKey>();
  /** For each open stream the keys whose run it holds and that have more for it. */
  readonly #streams = new Map<Consumer, Deque<EntryKey>>();
  readonly #leases = new DeadlineHeap<Entry>(
    (entry, at) => entry.state === 'leased' && entry.deadline === at,
  );
  readonly #delays = new DeadlineHeap<Entry | EntryKey>((delayed, at) =>
    delayed instanceof Entry
      ? delayed.state === 'delayed' && delayed.availableAt === at
      : delayed.place === 'delayed' && delayed.delayedUntil === at,
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

  /** A stream that wants messages, until {@link removeConsumer}. */
  addConsumer(limits: ConsumerLimits): Consumer {
    const consumer = new Consumer(limits);
    this.#streams.set(consumer, new Deque());
    return consumer;
  }

  /** The stream has ended; what is leased to it stays leased until acknowledged or expired. */
  removeConsumer(consumer: Consumer, now: number): void {
    const owned = this.#streams.get(consumer) ?? [];
    this.#streams.delete(consumer);
    for (const key of owned)
      if (key.place === 'owned' && key.owner === consumer) {
        key.place = 'idle';
        this.#place(key, now);
      }
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

    const owned = this.#streams.get(consumer);
    let ownedFirst = true;
    for (;;) {
      const source = this.#nextSource(consumer, owned, ownedFirst);
      if (source === undefined) return taken;
      const head = source instanceof Entry ? source : source.head();
      if (head === undefined || !takes(head)) return taken;
      if (source instanceof Entry) {
        this.#ready.shift();
        lease(source);
      } else {
        (source.place === 'owned' ? owned : this.#ready)?.shift();
        source.place = 'idle';
        source.owner = consumer;
        for (let turn = 0; turn < KEY_TURN; turn += 1) {
          const entry = source.head();
          if (entry === undefined || entry.availableAt > now || !takes(entry))
            break;
          source.waiting.shift();
          source.run.add(entry);
          lease(entry);
        }
        this.#place(source, now);
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
    const wanted = [...messages];
    const retained = this.#settings.retainAcked ? [...this.retained()] : [];
    const wantedIds = new Set(wanted.map(({ id }) => id));
    const acknowledged = retained.filter(({ id }) => !wantedIds.has(id));
    this.detach();
    let next = 0;
    const addAcknowledged = (before: number): void => {
      for (
        let message = acknowledged[next];
        message !== undefined && Number(message.id) < before;
        message = acknowledged[next]
      ) {
        this.#messages.addAcknowledged(message);
        next += 1;
      }
    };
    for (const message of wanted) {
      addAcknowledged(Number(message.id));
      this.#add(message, now);
    }
    addAcknowledged(Infinity);
  }

  /** Forgets every message; the leases end. */
  detach(): void {
    for (const entry of this.#messages.entries()) {
      this.#endLease(entry);
      entry.state = 'gone';
    }
    this.#messages.clear();
    this.#keys.clear();
    this.#ready.clear();
    for (const owned of this.#streams.values()) owned.clear();
    this.#leases.clear();
    this.#delays.clear();
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
        entry.deadline = now + seconds * 1000;
        this.#leases.push(entry, entry.deadline);
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
    for (
      let delayed = this.#delays.popDue(now);
      delayed !== undefined;
      delayed = this.#delays.popDue(now)
    )
      if (delayed instanceof Entry) {
        delayed.state = 'waiting';
        this.#ready.push(delayed);
      } else {
        delayed.place = 'idle';
        this.#place(delayed, now);
      }
  }

  /** When {@link advance} is due next, in milliseconds since the epoch. */
  nextWake(): number | undefined {
    const lease = this.#leases.next() ?? Infinity;
    const delay = this.#delays.next() ?? Infinity;
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
        ? this.#key(message.orderingKey)
        : undefined;
    const entry = this.#messages.add(message, key);
    if (key === undefined) this.#ready.push(entry);
    else {
      key.waiting.push(entry);
      this.#place(key, now);
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
      entry.deliveries === reference?.lease &&
      entry.deadline > now
      ? entry
      : undefined;
  }

  #key(name: string): EntryKey {
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = new OrderingKey(name);
      this.#keys.set(name, key);
    }
    return key;
  }

  /** The next message or key for a consumer, left in its queue; what has moved on is dropped. */
  #nextSource(
    consumer: Consumer,
    owned: Deque<EntryKey> | undefined,
    ownedFirst: boolean,
  ): Entry | EntryKey | undefined {
    let key = owned?.peek();
    while (
      key !== undefined &&
      (key.place !== 'owned' || key.owner !== consumer || !key.head())
    ) {
      owned?.shift();
      key = owned?.peek();
    }
    const ready = this.#nextReady();
    return ownedFirst ? (key ?? ready) : (ready ?? key);
  }

  #nextReady(): Entry | EntryKey | undefined {
    let ready = this.#ready.peek();
    while (
      ready !== undefined &&
      (ready instanceof Entry
        ? ready.state !== 'waiting'
        : ready.place !== 'ready' || !ready.head())
    ) {
      this.#ready.shift();
      ready = this.#ready.peek();
    }
    return ready;
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
    // Without a consumer nobody else takes from the queue, and it would grow for ever.
    if (forgot) this.#nextReady();
  }

  #lease(entry: Entry, consumer: Consumer, deadline: number): Delivery {
    entry.state = 'leased';
    entry.deliveries += 1;
    entry.deadline = deadline;
    entry.consumer = consumer;
    consumer.outstandingMessages += 1;
    consumer.outstandingBytes += entry.message.bytes.length;
    this.#outstanding += 1;
    this.#leases.push(entry, deadline);
    return {
      ackId: this.#ackIds.write(entry.sequence, entry.deliveries),
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
  }

  #finish(entry: Entry, now: number): void {
    this.#end(entry, this.#settings.retainAcked, now);
  }

  #end(entry: Entry, retain: boolean, now: number): void {
    this.#endLease(entry);
    entry.state = 'gone';
    this.#messages.acknowledge(entry, retain);
    this.#ports.onFinished?.(entry.message, entry.sequence);
    if (entry.key === undefined) return;
    entry.key.run.delete(entry);
    this.#place(entry.key, now);
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
        this.#revoke(entry, key, now);
      else this.#fail(entry, now);
      if (key !== undefined) failedKeys.add(key);
    }
  }

  #revoke(entry: Entry, key: EntryKey, now: number): void {
    for (const revoked of key.revokeFrom(entry)) this.#endLease(revoked);
    this.#place(key, now);
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
    const delay = backoff(retryPolicy, entry.failures);
    entry.availableAt = now + delay;
    if (key !== undefined) {
      this.#revoke(entry, key, now);
      return;
    }
    this.#endLease(entry);
    if (delay > 0) {
      entry.state = 'delayed';
      this.#delays.push(entry, entry.availableAt);
    } else this.#ready.push(entry);
  }

  /** Puts a key where its messages can be found by those who may have them. */
  #place(key: EntryKey, now: number): void {
    const head = key.head();
    if (head === undefined) {
      key.place = 'idle';
      if (key.run.size === 0) this.#keys.delete(key.name);
      return;
    }
    if (head.availableAt > now) {
      if (key.place === 'delayed' && key.delayedUntil === head.availableAt)
        return;
      key.place = 'delayed';
      key.delayedUntil = head.availableAt;
      this.#delays.push(key, head.availableAt);
      return;
    }
    if (key.run.size === 0) {
      key.owner = undefined;
      if (key.place === 'ready') return;
      key.place = 'ready';
      this.#ready.push(key);
      return;
    }
    const owned =
      key.owner === undefined ? undefined : this.#streams.get(key.owner);
    if (owned === undefined) key.place = 'idle';
    else if (key.place !== 'owned') {
      key.place = 'owned';
      owned.push(key);
    }
  }
}
