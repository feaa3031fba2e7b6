import type { Clock, TimerHandle } from '../clock.ts';
import type { Snapshot, Subscription, Topic } from '../codecs.ts';
import { alreadyExists, notFound, type PubSubError } from '../errors.ts';
import { IamPolicies } from '../iam/policies.ts';
import type { StoredMessage } from '../message.ts';
import { DELETED_TOPIC } from '../resources/names.ts';
import {
  type PublishedMessage,
  storeMessage,
} from '../wire/publish-request.ts';
import { forwardedMessage } from './dead-letter.ts';
import { BrokerSnapshot } from './snapshot.ts';
import { BrokerSubscription } from './subscription.ts';
import { BrokerTopic } from './topic.ts';

/** How often subscriptions, snapshots and retained messages that have expired are looked for, in milliseconds. */
const EXPIRY_INTERVAL = 3_600_000;

/** All topics, subscriptions and snapshots of all projects, and the way from one to the other. */
export class Broker {
  readonly topics = new Map<string, BrokerTopic>();
  readonly subscriptions = new Map<string, BrokerSubscription>();
  readonly snapshots = new Map<string, BrokerSnapshot>();
  readonly policies = new IamPolicies();
  readonly clock: Clock;
  #nextMessageId: number;
  #expiry: TimerHandle;

  constructor(clock: Clock) {
    this.clock = clock;
    // Microseconds of the start: ids stay unique and rising when the server is started again.
    this.#nextMessageId = Math.floor(clock.now()) * 1000;
    this.#expireLater();
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

  /**
   * A subscription that somebody uses right now, which keeps it from expiring.
   *
   * @throws PubSubError NOT_FOUND; FAILED_PRECONDITION if it is detached
   */
  subscriptionInUse(name: string): BrokerSubscription {
    const subscription = this.subscription(name);
    subscription.checkAttached();
    subscription.activeAt = this.clock.now();
    return subscription;
  }

  /** @throws PubSubError NOT_FOUND */
  snapshot(name: string): BrokerSnapshot {
    const snapshot = this.snapshots.get(name);
    if (snapshot === undefined) throw notFound(name);
    return snapshot;
  }

  /** @throws PubSubError ALREADY_EXISTS */
  createTopic(resource: Topic): BrokerTopic {
    if (this.topics.has(resource.name)) throw alreadyExists(resource.name);
    const topic = new BrokerTopic(resource);
    this.topics.set(resource.name, topic);
    return topic;
  }

  /** Its subscriptions and snapshots stay, with what they hold, and belong to `_deleted-topic_`. */
  deleteTopic(name: string): void {
    const topic = this.topic(name);
    this.topics.delete(name);
    this.policies.forget(name);
    for (const { resource } of topic.subscriptions)
      resource.topic = DELETED_TOPIC;
    for (const { resource } of topic.snapshots) resource.topic = DELETED_TOPIC;
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
    const subscription = new BrokerSubscription(
      resource,
      this.clock,
      this.#forward,
    );
    this.subscriptions.set(resource.name, subscription);
    if (!resource.detached)
      this.topics.get(resource.topic)?.subscriptions.add(subscription);
    return subscription;
  }

  deleteSubscription(name: string): void {
    const subscription = this.subscription(name);
    this.subscriptions.delete(name);
    this.policies.forget(name);
    this.topics
      .get(subscription.resource.topic)
      ?.subscriptions.delete(subscription);
    subscription.dispatcher.close(notFound(name));
  }

  /** It gets no more messages and drops those it has; only looking at it and deleting it is left. */
  detachSubscription(name: string): void {
    const subscription = this.subscription(name);
    this.topics
      .get(subscription.resource.topic)
      ?.subscriptions.delete(subscription);
    subscription.detach();
  }

  /** @throws PubSubError NOT_FOUND when the policy names a topic that does not exist. */
  checkDeadLetterTopic({ deadLetterPolicy }: Subscription): void {
    if (deadLetterPolicy?.deadLetterTopic)
      this.topic(deadLetterPolicy.deadLetterTopic);
  }

  /**
   * @param messages what it holds from the start, in publish order
   * @throws PubSubError ALREADY_EXISTS
   */
  createSnapshot(
    resource: Snapshot,
    messages: Iterable<StoredMessage>,
  ): BrokerSnapshot {
    if (this.snapshots.has(resource.name)) throw alreadyExists(resource.name);
    const snapshot = new BrokerSnapshot(resource);
    for (const message of messages) snapshot.messages.add(message);
    this.snapshots.set(resource.name, snapshot);
    this.topics.get(resource.topic)?.snapshots.add(snapshot);
    return snapshot;
  }

  deleteSnapshot(name: string): void {
    const snapshot = this.snapshot(name);
    this.snapshots.delete(name);
    this.policies.forget(name);
    this.topics.get(snapshot.resource.topic)?.snapshots.delete(snapshot);
  }

  /** Gives every message to everyone who listens to the topic; returns their ids. */
  publish(topic: BrokerTopic, messages: readonly PublishedMessage[]): string[] {
    const now = this.clock.now();
    return messages.map((published) => {
      const id = String(this.#nextMessageId++);
      if (topic.keepsMessages) topic.publish(storeMessage(published, id, now));
      return id;
    });
  }

  /** Ends everything that waits, with the reason given to each. */
  close(reason: PubSubError): void {
    this.clock.clearTimeout(this.#expiry);
    for (const { dispatcher } of this.subscriptions.values())
      dispatcher.close(reason);
  }

  #expireLater(): void {
    this.#expiry = this.clock.setTimeout(() => {
      this.#expire(this.clock.now());
      this.#expireLater();
    }, EXPIRY_INTERVAL);
  }

  #expire(now: number): void {
    for (const topic of this.topics.values()) topic.forgetExpired(now);
    for (const [name, { expiresAt }] of this.subscriptions)
      if (expiresAt <= now) this.deleteSubscription(name);
    for (const [name, { expiresAt }] of this.snapshots)
      if (expiresAt <= now) this.deleteSnapshot(name);
  }

  readonly #forward = (
    { resource: { name, deadLetterPolicy } }: BrokerSubscription,
    message: StoredMessage,
    deliveryAttempts: number,
  ): boolean => {
    const topic = this.topics.get(deadLetterPolicy?.deadLetterTopic ?? '');
    if (topic === undefined) return false;
    this.publish(topic, [forwardedMessage(message, name, deliveryAttempts)]);
    return true;
  };
}
