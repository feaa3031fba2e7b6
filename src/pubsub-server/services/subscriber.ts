import type { Broker } from '../broker/broker.ts';
import type { BrokerSubscription } from '../broker/subscription.ts';
import { pubsub } from '../codecs.ts';
import { isAckId } from '../delivery/ack-id.ts';
import type { Dispatcher } from '../delivery/dispatcher.ts';
import { invalidAckIds, invalidArgument, unimplemented } from '../errors.ts';
import { checkProject } from '../resources/names.ts';
import { page } from '../resources/paging.ts';
import {
  checkExtension,
  mutableSubscriptionFields,
  validSubscription,
} from '../resources/subscription.ts';
import { applyUpdateMask } from '../resources/update-mask.ts';
import { encodeReceivedMessages } from '../wire/received-messages.ts';
import { EMPTY, encode, type Method, serviceBuilder } from './method.ts';

const { reads, changes } = serviceBuilder('google.pubsub.v1.Subscriber');

/** @throws PubSubError INVALID_ARGUMENT for no ids, or one that no server of this kind gave out. */
const checkAckIds = (ackIds: readonly string[]): void => {
  if (ackIds.length === 0)
    throw invalidArgument('You have not specified an ack ID in the request.');
  for (const ackId of ackIds)
    if (!isAckId(ackId))
      throw invalidArgument(
        `You have passed an invalid ack ID to the service (ack_id=${ackId}).`,
      );
};

/**
 * Splits the ids of a request on an exactly-once subscription into those whose lease stands and
 * those that came too late; on another subscription all stand.
 */
const byStanding = (
  dispatcher: Dispatcher,
  ackIds: readonly string[],
): { standing: readonly string[]; refused: readonly string[] } => {
  const refused = new Set(dispatcher.refused(ackIds));
  return refused.size === 0
    ? { standing: ackIds, refused: [] }
    : {
        standing: ackIds.filter((ackId) => !refused.has(ackId)),
        refused: [...refused],
      };
};

/** @throws PubSubError that names the ids which came too late, and asks to send the others again */
const acknowledge = (
  { acknowledgedIds, dispatcher, resource }: BrokerSubscription,
  ackIds: readonly string[],
): Buffer => {
  const { standing, refused } = byStanding(dispatcher, ackIds);
  dispatcher.acknowledge(standing);
  if (!resource.enableExactlyOnceDelivery) return EMPTY;
  const late = refused.filter((ackId) => !acknowledgedIds.has(ackId));
  acknowledgedIds.add(standing);
  if (late.length > 0)
    throw invalidAckIds(
      late,
      ackIds.filter((ackId) => acknowledgedIds.has(ackId)),
    );
  return EMPTY;
};

/**
 * Of nacks either all stand or none is taken: one that was taken could not be sent again.
 *
 * @throws PubSubError that names the ids which came too late, and asks to send the others again
 */
const modifyAckDeadline = (
  { dispatcher }: BrokerSubscription,
  ackIds: readonly string[],
  seconds: number,
): Buffer => {
  const { standing, refused } = byStanding(dispatcher, ackIds);
  if (refused.length === 0 || seconds > 0)
    dispatcher.modifyAckDeadline(standing, seconds);
  if (refused.length > 0) throw invalidAckIds(refused, standing);
  return EMPTY;
};

const update = (
  broker: Broker,
  request: InstanceType<typeof pubsub.UpdateSubscriptionRequest>,
): Buffer => {
  if (!request.subscription)
    throw invalidArgument(
      'The subscription in the UpdateSubscriptionRequest must be set.',
    );
  const subscription = broker.subscriptionInUse(
    request.subscription.name ?? '',
  );
  const updated = pubsub.Subscription.create(subscription.resource);
  applyUpdateMask(
    'Subscription',
    mutableSubscriptionFields,
    updated,
    pubsub.Subscription.create(request.subscription),
    request.updateMask?.paths ?? [],
  );
  validSubscription(updated);
  // One that was deleted since must not stand in the way of every other change.
  if (
    updated.deadLetterPolicy?.deadLetterTopic !==
    subscription.resource.deadLetterPolicy?.deadLetterTopic
  )
    broker.checkDeadLetterTopic(updated);
  broker.updateSubscription(subscription, updated);
  return encode(pubsub.Subscription, updated);
};

const configuration = (broker: Broker): readonly Method[] => [
  changes('CreateSubscription', pubsub.Subscription, (request) =>
    encode(
      pubsub.Subscription,
      broker.createSubscription(validSubscription(request)).resource,
    ),
  ),
  reads('GetSubscription', pubsub.GetSubscriptionRequest, (request) =>
    encode(
      pubsub.Subscription,
      broker.subscription(request.subscription).resource,
    ),
  ),
  changes('UpdateSubscription', pubsub.UpdateSubscriptionRequest, (request) =>
    update(broker, request),
  ),
  reads('ListSubscriptions', pubsub.ListSubscriptionsRequest, (request) => {
    checkProject(request.project);
    const prefix = `${request.project}/subscriptions/`;
    const { items, nextPageToken } = page(
      [...broker.subscriptions.values()]
        .map(({ resource }) => resource)
        .filter(({ name }) => name.startsWith(prefix)),
      ({ name }) => name,
      request.pageSize,
      request.pageToken,
    );
    return encode(pubsub.ListSubscriptionsResponse, {
      subscriptions: items,
      nextPageToken,
    });
  }),
  changes('DeleteSubscription', pubsub.DeleteSubscriptionRequest, (request) => {
    broker.deleteSubscription(request.subscription);
    return EMPTY;
  }),
  changes('ModifyPushConfig', pubsub.ModifyPushConfigRequest, (request) => {
    broker.subscriptionInUse(request.subscription);
    if (request.pushConfig?.pushEndpoint)
      throw unimplemented('push subscriptions');
    return EMPTY;
  }),
];

const delivery = (broker: Broker): readonly Method[] => [
  changes('Acknowledge', pubsub.AcknowledgeRequest, (request) => {
    const subscription = broker.subscriptionInUse(request.subscription);
    checkAckIds(request.ackIds);
    return acknowledge(subscription, request.ackIds);
  }),
  changes('ModifyAckDeadline', pubsub.ModifyAckDeadlineRequest, (request) => {
    const subscription = broker.subscriptionInUse(request.subscription);
    checkAckIds(request.ackIds);
    checkExtension(request.ackDeadlineSeconds);
    return modifyAckDeadline(
      subscription,
      request.ackIds,
      request.ackDeadlineSeconds,
    );
  }),
  reads('Pull', pubsub.PullRequest, async (request, context) => {
    const { dispatcher } = broker.subscriptionInUse(request.subscription);
    if (request.maxMessages <= 0)
      throw invalidArgument(
        `The value for max_messages is too small. You passed ${request.maxMessages} in the request, but the minimum value is 1.`,
      );
    return encodeReceivedMessages(
      await dispatcher.pull(
        Math.min(request.maxMessages, 1000),
        request.returnImmediately,
        context.signal,
      ),
    );
  }),
];

/** google.pubsub.v1.Subscriber, without StreamingPull and what is about snapshots. */
export const subscriberMethods = (broker: Broker): readonly Method[] => [
  ...configuration(broker),
  ...delivery(broker),
];
