import { randomBytes } from 'node:crypto';

import type { Clock } from './clock.ts';
import type { Subscription, Topic } from './codecs.ts';
import { forwardedMessage } from './dead-letter.ts';
import { Dispatcher } from './delivery/dispatcher.ts';
import { SubscriptionState } from './delivery/subscription-state.ts';
import {
  alreadyExists,
  invalidArgument,
  notFound,
  type PubSubError,
} from './errors.ts';
import { type Filter, parseFilter } from './filter/filter.ts';
import { FilterSyntaxError } from './filter/tokens.ts';
import type { StoredMessage } from './message.ts';
import { DELETED_TOPIC } from './resources/names.ts';
import { deliverySettings } from './resources/subscription.ts';
import {
  type PublishedMessage,
  readAttributes,
  storeMessage,
} from './wire/publish-request.ts';

/** A topic and who listens to it. */
export interface BrokerTopic {
  resource: Topic;
  readonly subscriptions: Set<BrokerSubscription>;
}

/** A subscription, its configuration and its messages. */
export interface BrokerSubscription {
  resource: Subscription;
  readonly filter: Filter | undefined;
  readonly dispatcher: Dispatcher;
}

/** Longest filter the service accepts, in bytes. */
const FILTER_BYTES = 256;

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

/** All topics and subscriptions of all projects, and the way from one to the other. */
export class Broker {
  readonly topics = new Map<string, BrokerTopic>();
  readonly subscriptions = new Map<string, BrokerSubscription>();
  readonly #clock: Clock;
  #nextMessageId: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    // Microseconds of the start: ids stay unique and rising when the server is started again.
    this.#nextMessageId = Math.floor(clock.now()) * 1000;
  }

  /** Of the message that is published next. */
  get nextMessageId(): number {
    return this.#nextMessageId;
  }

  /** Ids go on from here, unless they are past it already. */
  continueMessageIds(nextMessageId: number): void {
    this.#nextMessageId = Math.max(this.#nextMessageId, nextMessageId);
  }

  /** @throws PubSubError NOT_FOUND */
  topic(name: string): BrokerTopic {
    const topic = this.topics.get(name);
    if (topic === undefined) throw notFound(name);
    return topic;
  }

  /** @throws PubSubError NOT_FOUND */
  subscription(name: string): BrokerSubscription {
    const subscription = this.subscriptions.get(name);
    if (subscription === undefined) throw notFound(name);
    return subscription;
  }

  /** @throws PubSubError ALREADY_EXISTS */
  createTopic(resource: Topic): BrokerTopic {
    if (this.topics.has(resource.name)) throw alreadyExists(resource.name);
    const topic: BrokerTopic = { resource, subscriptions: new Set() };
    this.topics.set(resource.name, topic);
    return topic;
  }

  /** Its subscriptions stay, with what they hold, and belong to `_deleted-topic_`. */
  deleteTopic(name: string): void {
    const topic = this.topic(name);
    this.topics.delete(name);
    for (const subscription of topic.subscriptions)
      subscription.resource.topic = DELETED_TOPIC;
  }

  /** @throws PubSubError ALREADY_EXISTS, NOT_FOUND without the topic, INVALID_ARGUMENT for the filter. */
  createSubscription(resource: Subscription): BrokerSubscription {
    if (this.subscriptions.has(resource.name))
      throw alreadyExists(resource.name);
    this.topic(resource.topic);
    this.checkDeadLetterTopic(resource);
    return this.restoreSubscription(resource);
  }

  /** As it was in a server before, whose topic and dead-letter topic may have been deleted since. */
  restoreSubscription(resource: Subscription): BrokerSubscription {
    const filter = compileFilter(resource.filter);
    const state = new SubscriptionState(deliverySettings(resource), {
      ackIdTag: randomBytes(5).toString('hex'),
      deadLetter: (message, deliveryAttempts) =>
        this.#forward(subscription.resource, message, deliveryAttempts),
    });
    const subscription: BrokerSubscription = {
      resource,
      filter,
      dispatcher: new Dispatcher(state, this.#clock),
    };
    this.subscriptions.set(resource.name, subscription);
    this.topics.get(resource.topic)?.subscriptions.add(subscription);
    return subscription;
  }

  deleteSubscription(name: string): void {
    const subscription = this.subscription(name);
    this.subscriptions.delete(name);
    this.topics
      .get(subscription.resource.topic)
      ?.subscriptions.delete(subscription);
    subscription.dispatcher.close(notFound(name));
  }

  /** @throws PubSubError NOT_FOUND when the policy names a topic that does not exist. */
  checkDeadLetterTopic({ deadLetterPolicy }: Subscription): void {
    if (deadLetterPolicy?.deadLetterTopic)
      this.topic(deadLetterPolicy.deadLetterTopic);
  }

  /** Gives every message to every subscription whose filter admits it; returns their ids. */
  publish(
    { subscriptions }: BrokerTopic,
    messages: readonly PublishedMessage[],
  ): string[] {
    const now = this.#clock.now();
    const filtered = [...subscriptions].some(({ filter }) => filter);
    return messages.map((published) => {
      const id = String(this.#nextMessageId++);
      if (subscriptions.size === 0) return id;
      const message = storeMessage(published, id, now);
      const attributes = filtered ? readAttributes(message.bytes) : undefined;
      for (const { filter, dispatcher } of subscriptions)
        if (filter === undefined || filter(attributes ?? new Map()))
          dispatcher.publish(message);
      return id;
    });
  }

  /** Ends everything that waits, with the reason given to each. */
  close(reason: PubSubError): void {
    for (const { dispatcher } of this.subscriptions.values())
      dispatcher.close(reason);
  }

  #forward(
    { name, deadLetterPolicy }: Subscription,
    message: StoredMessage,
    deliveryAttempts: number,
  ): boolean {
    const topic = this.topics.get(deadLetterPolicy?.deadLetterTopic ?? '');
    if (topic === undefined) return false;
    this.publish(topic, [forwardedMessage(message, name, deliveryAttempts)]);
    return true;
  }
}
