import type { Clock, TimerHandle } from '../clock.ts';
import {
  pubsub,
  type Snapshot,
  type Subscription,
  type Topic,
} from '../codecs.ts';
import { alreadyExists, notFound, type PubSubError } from '../errors.ts';
import { IamPolicies } from '../iam/policies.ts';
import type { StoredMessage } from '../message.ts';
import { DELETED_TOPIC } from '../resources/names.ts';
import type { Holdings, Journal } from '../storage/journal.ts';
import {
  type PublishedMessage,
  storeMessage,
  writePublishRequest,
} from '../wire/publish-request.ts';
import { forwardedMessage } from './dead-letter.ts';
import { BrokerSnapshot } from './snapshot.ts';
import { BrokerSubscription } from './subscription.ts';
import { BrokerTopic } from './topic.ts';

/** How often subscriptions, snapshots and retained messages that have expired are looked for, in milliseconds. */
const EXPIRY_INTERVAL = 3_600_000;

/** {@link BrokerTopic.identity} of every topic that was deleted in a server before. */
const DELETED_BEFORE = Symbol(DELETED_TOPIC);

/** All topics, subscriptions and snapshots of all projects, and the way from one to the other. */
export class Broker {
  readonly topics = new Map<string, BrokerTopic>();
  readonly subscriptions = new Map<string, BrokerSubscription>();
  readonly snapshots = new Map<string, BrokerSnapshot>();
  readonly policies = new IamPolicies();
  readonly clock: Clock;
  #journal: Journal | undefined;
  #nextMessageId: number;
  #expiry: TimerHandle;

  constructor(clock: Clock) {
    this.clock = clock;
    // Microseconds of the start: ids stay unique and rising when the server is started again.
    this.#nextMessageId = Math.floor(clock.now()) * 1000;
    this.#expireLater();
  }

  /** What is told of every change from now on; undefined for a broker in memory alone. */
  get journal(): Journal | undefined {
    return this.#journal;
  }

  set journal(journal: Journal | undefined) {
    this.#journal = journal;
    this.policies.onChange = (resource, policy) =>
      journal?.policySet(resource, policy);
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
    const topic = this.restoreTopic(resource);
    topic.record = this.#journal?.topicCreated(
      resource.name,
      pubsub.Topic.encode(resource).finish(),
      topic.keepsFrom,
    );
    return topic;
  }

  /** As it was in a server before. */
  restoreTopic(resource: Topic): BrokerTopic {
    const topic = new BrokerTopic(resource, this.#nextMessageId);
    this.topics.set(resource.name, topic);
    return topic;
  }

  updateTopic(topic: BrokerTopic, resource: Topic): void {
    topic.configure(resource, this.#nextMessageId);
    topic.record?.saved(
      pubsub.Topic.encode(resource).finish(),
      topic.keepsFrom,
    );
  }

  /** Its subscriptions and snapshots stay, with what they hold, and belong to `_deleted-topic_`. */
  deleteTopic(name: string): void {
    const topic = this.topic(name);
    this.topics.delete(name);
    this.policies.forget(name);
    topic.record?.deleted();
    for (const subscription of topic.subscriptions) {
      subscription.resource.topic = DELETED_TOPIC;
      this.#save(subscription);
    }
    for (const snapshot of topic.snapshots) {
      snapshot.resource.topic = DELETED_TOPIC;
      this.updateSnapshot(snapshot, snapshot.resource);
    }
  }

  /** @throws PubSubError ALREADY_EXISTS, NOT_FOUND without the topic, INVALID_ARGUMENT for the filter. */
  createSubscription(resource: Subscription): BrokerSubscription {
    if (this.subscriptions.has(resource.name))
      throw alreadyExists(resource.name);
    const topic = this.topic(resource.topic);
    this.checkDeadLetterTopic(resource);
    const subscription = this.restoreSubscription(resource, topic.identity);
    if (topic.record !== undefined)
      subscription.record = this.#journal?.subscriptionCreated(
        resource.name,
        topic.record,
        pubsub.Subscription.encode(resource).finish(),
        this.#nextMessageId,
        subscription.retainsFrom,
      );
    return subscription;
  }

  /** As it was in a server before, whose topic and dead-letter topic may have been deleted since. */
  restoreSubscription(
    resource: Subscription,
    topicIdentity = this.#topicIdentity(resource),
  ): BrokerSubscription {
    const subscription = new BrokerSubscription(
      resource,
      topicIdentity,
      this.clock,
      this.#forward,
      this.#nextMessageId,
    );
    this.subscriptions.set(resource.name, subscription);
    if (!resource.detached)
      this.topics.get(resource.topic)?.subscriptions.add(subscription);
    return subscription;
  }

  updateSubscription(
    subscription: BrokerSubscription,
    resource: Subscription,
  ): void {
    subscription.configure(resource, this.#nextMessageId);
    this.#save(subscription);
  }

  /** From now on exactly these messages, as far as the filter admits them, are not acknowledged. */
  seek(
    subscription: BrokerSubscription,
    messages: Iterable<StoredMessage>,
  ): void {
    const sought = subscription.seek(messages);
    this.#save(subscription);
    subscription.record?.rewritten(
      this.#nextMessageId,
      sought.map(({ id }) => Number(id)),
    );
  }

  deleteSubscription(name: string): void {
    const subscription = this.subscription(name);
    this.subscriptions.delete(name);
    this.policies.forget(name);
    this.topics
      .get(subscription.resource.topic)
      ?.subscriptions.delete(subscription);
    subscription.dispatcher.close(notFound(name));
    subscription.record?.deleted();
    subscription.record = undefined;
  }

  /** It gets no more messages and drops those it has; only looking at it and deleting it is left. */
  detachSubscription(name: string): void {
    const subscription = this.subscription(name);
    this.topics
      .get(subscription.resource.topic)
      ?.subscriptions.delete(subscription);
    subscription.detach();
    this.#save(subscription);
    subscription.record?.rewritten(this.#nextMessageId, []);
  }

  /** @throws PubSubError NOT_FOUND when the policy names a topic that does not exist. */
  checkDeadLetterTopic({ deadLetterPolicy }: Subscription): void {
    if (deadLetterPolicy?.deadLetterTopic)
      this.topic(deadLetterPolicy.deadLetterTopic);
  }

  /**
   * @param messages what it holds from the start, in publish order
   * @throws PubSubError ALREADY_EXISTS, NOT_FOUND without the topic
   */
  createSnapshot(
    resource: Snapshot,
    messages: Iterable<StoredMessage>,
  ): BrokerSnapshot {
    if (this.snapshots.has(resource.name)) throw alreadyExists(resource.name);
    const { identity, record } = this.topic(resource.topic);
    const snapshot = this.restoreSnapshot(resource, identity);
    for (const message of messages) snapshot.messages.add(message);
    snapshot.record = this.#journal?.snapshotCreated(
      resource.name,
      record,
      pubsub.Snapshot.encode(resource).finish(),
      this.#nextMessageId,
      Array.from(snapshot.messages, ({ id }) => Number(id)),
    );
    return snapshot;
  }

  /** As it was in a server before, its messages still to be added. */
  restoreSnapshot(
    resource: Snapshot,
    topicIdentity = this.#topicIdentity(resource),
  ): BrokerSnapshot {
    const snapshot = new BrokerSnapshot(resource, topicIdentity);
    this.snapshots.set(resource.name, snapshot);
    this.topics.get(resource.topic)?.snapshots.add(snapshot);
    return snapshot;
  }

  updateSnapshot(snapshot: BrokerSnapshot, resource: Snapshot): void {
    snapshot.resource = resource;
    snapshot.record?.saved(pubsub.Snapshot.encode(resource).finish());
  }

  deleteSnapshot(name: string): void {
    const snapshot = this.snapshot(name);
    this.snapshots.delete(name);
    this.policies.forget(name);
    this.topics.get(snapshot.resource.topic)?.snapshots.delete(snapshot);
    snapshot.record?.deleted();
  }

  /**
   * Gives every message to everyone who listens to the topic; returns their ids.
   *
   * @param request the encoded PublishRequest that the messages were read from
   */
  publish(
    topic: BrokerTopic,
    messages: readonly PublishedMessage[],
    request: Buffer,
  ): string[] {
    const now = this.clock.now();
    if (topic.keepsMessages)
      topic.record?.published(
        this.#nextMessageId,
        messages.length,
        now,
        request,
      );
    return messages.map((published) => {
      const id = String(this.#nextMessageId++);
      if (topic.keepsMessages) topic.publish(storeMessage(published, id, now));
      return id;
    });
  }

  /** Every message that somebody may still want, by who may want it. */
  *holdings(): Holdings {
    for (const { dispatcher } of this.subscriptions.values())
      yield dispatcher.state.retained();
    for (const { messages } of this.snapshots.values()) yield messages;
    for (const topic of this.topics.values())
      yield topic.retained(this.clock.now());
  }

  /** Has the journal know of deliveries under way, which nothing has come of yet, that they are counted on. */
  recordDeliveries(): void {
    // What has failed by now is told apart from what is still under way.
    for (const { dispatcher } of this.subscriptions.values())
      dispatcher.state.advance(this.clock.now());
    for (const { record, dispatcher } of this.subscriptions.values()) {
      if (record === undefined) continue;
      for (const {
        message,
        deliveries,
        failures,
      } of dispatcher.state.entries())
        if (deliveries > 0) record.failed(message, deliveries, failures);
    }
  }

  /** Ends everything that waits, with the reason given to each. */
  close(reason: PubSubError): void {
    this.clock.clearTimeout(this.#expiry);
    for (const { dispatcher } of this.subscriptions.values())
      dispatcher.close(reason);
  }

  /** Topics that were deleted in a server before cannot be told apart. */
  #topicIdentity({ topic }: { topic: string }): symbol {
    return this.topics.get(topic)?.identity ?? DELETED_BEFORE;
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
    const forwarded = forwardedMessage(message, name, deliveryAttempts);
    this.publish(topic, [forwarded], writePublishRequest(forwarded));
    return true;
  };

  #save({ record, resource, retainsFrom }: BrokerSubscription): void {
    record?.saved(pubsub.Subscription.encode(resource).finish(), retainsFrom);
  }
}
