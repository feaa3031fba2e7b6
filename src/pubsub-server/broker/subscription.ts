import { randomBytes } from 'node:crypto';

import type { Clock } from '../clock.ts';
import { durationMilliseconds, type Subscription } from '../codecs.ts';
import { AcknowledgedIds } from '../delivery/acknowledged-ids.ts';
import { Dispatcher } from '../delivery/dispatcher.ts';
import { SubscriptionState } from '../delivery/subscription-state.ts';
import { failedPrecondition, invalidArgument } from '../errors.ts';
import { type Filter, parseFilter } from '../filter/filter.ts';
import { FilterSyntaxError } from '../filter/tokens.ts';
import type { StoredMessage } from '../message.ts';
import { shortName } from '../resources/names.ts';
import { deliverySettings } from '../resources/subscription.ts';
import type { SubscriptionRecord } from '../storage/journal.ts';
import { readAttributes } from '../wire/publish-request.ts';

/** Longest filter the service accepts, in bytes. */
const FILTER_BYTES = 256;

const noAttributes: ReadonlyMap<string, string> = new Map();

const compileFilter = (filter: string): Filter | undefined => {
  if (filter === '') return undefined;
  if (Buffer.byteLength(filter) > FILTER_BYTES)
    throw invalidArgument(
      `Invalid filter given: expected at most ${FILTER_BYTES} bytes, got: ${Buffer.byteLength(filter)}.`,
    );
  try {
    return parseFilter(filter);
  } catch (error) {
    if (error instanceof FilterSyntaxError)
      throw invalidArgument(`Invalid filter given: ${error.message}.`);
    throw error;
  }
};

/** Forwards a message whose attempts are used up; false when it has nowhere to go. */
export type ForwardDeadLetter = (
  subscription: BrokerSubscription,
  message: StoredMessage,
  deliveryAttempts: number,
) => boolean;

/** A subscription, its configuration and its messages. */
export class BrokerSubscription {
  readonly filter: Filter | undefined;
  readonly dispatcher: Dispatcher;
  /** Filled for exactly-once delivery alone; without it every id is taken anyway. */
  readonly acknowledgedIds = new AcknowledgedIds();
  /** {@link BrokerTopic.identity} of the topic its messages are of, deleted or not. */
  readonly topicIdentity: symbol;
  /** When somebody last received, acknowledged or configured, in milliseconds since the epoch. */
  activeAt: number;
  /** Messages acknowledged, dead-lettered or past retention since the server started. */
  finished = 0;
  /** Where it stands on disk, if anywhere. */
  record: SubscriptionRecord | undefined;
  /** The first message that is retained when acknowledged; undefined if none is. */
  retainsFrom: number | undefined;
  #resource: Subscription;

  /** @throws PubSubError INVALID_ARGUMENT for the filter. */
  constructor(
    resource: Subscription,
    topicIdentity: symbol,
    clock: Clock,
    forward: ForwardDeadLetter,
    nextMessageId: number,
  ) {
    this.#resource = resource;
    this.topicIdentity = topicIdentity;
    this.filter = compileFilter(resource.filter);
    const state = new SubscriptionState(deliverySettings(resource), {
      ackIdTag: randomBytes(5).toString('hex'),
      deadLetter: (message, deliveryAttempts) =>
        forward(this, message, deliveryAttempts),
      onFinished: (message, sequence) => {
        this.finished += 1;
        this.record?.finished(message, sequence);
      },
      onFailed: (message, deliveries, failures) =>
        this.record?.failed(message, deliveries, failures),
    });
    this.dispatcher = new Dispatcher(state, clock);
    this.activeAt = clock.now();
    this.#retain(nextMessageId);
  }

  get resource(): Subscription {
    return this.#resource;
  }

  /** @param nextMessageId of the next message of any topic */
  configure(resource: Subscription, nextMessageId: number): void {
    this.#resource = resource;
    this.#retain(nextMessageId);
    this.dispatcher.state.settings = deliverySettings(resource);
    this.dispatcher.schedule();
  }

  /** When it is deleted for want of use, in milliseconds since the epoch. */
  get expiresAt(): number {
    const timeToLive = durationMilliseconds(
      this.#resource.expirationPolicy?.ttl,
    );
    return timeToLive === undefined || this.dispatcher.streams > 0
      ? Infinity
      : this.activeAt + timeToLive;
  }

  /** @param attributes of the message, read if there is a filter. */
  admits(attributes: ReadonlyMap<string, string> | undefined): boolean {
    return (
      !this.#resource.detached &&
      (this.filter === undefined || this.filter(attributes ?? noAttributes))
    );
  }

  publish(message: StoredMessage): void {
    this.dispatcher.publish(message);
  }

  /**
   * From now on exactly these messages, as far as the filter admits them, are not acknowledged.
   *
   * @returns them
   */
  seek(messages: Iterable<StoredMessage>): readonly StoredMessage[] {
    const admitted: StoredMessage[] = [];
    for (const message of messages)
      if (this.admits(this.filter && readAttributes(message.bytes)))
        admitted.push(message);
    this.dispatcher.seek(admitted);
    const [oldest] = admitted;
    // What is sought is retained again when it is acknowledged, however old it is.
    if (oldest !== undefined && this.retainsFrom !== undefined)
      this.retainsFrom = Math.min(this.retainsFrom, Number(oldest.id));
    return admitted;
  }

  /** Forgets its messages and ends its streams; it stays to be looked at and deleted. */
  detach(): void {
    this.#resource.detached = true;
    this.dispatcher.detach(this.#detachedError());
  }

  /** @throws PubSubError FAILED_PRECONDITION */
  checkAttached(): void {
    if (this.#resource.detached) throw this.#detachedError();
  }

  #retain(nextMessageId: number): void {
    if (!this.#resource.retainAckedMessages) this.retainsFrom = undefined;
    else if (this.retainsFrom === undefined) {
      const [oldest] = this.dispatcher.state.entries();
      this.retainsFrom =
        oldest === undefined ? nextMessageId : Number(oldest.message.id);
    }
  }

  #detachedError() {
    return failedPrecondition(
      `The subscription is detached from its topic and gives no messages (resource=${shortName(this.#resource.name)}).`,
    );
  }
}
