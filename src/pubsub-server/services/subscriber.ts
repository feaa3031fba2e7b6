import type {
  ServerUnaryCall,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';

import type { Broker } from '../broker.ts';
import { pubsub } from '../codecs.ts';
import { isAckId } from '../delivery/ack-id.ts';
import { invalidArgument, unimplemented } from '../errors.ts';
import { checkProject } from '../resources/names.ts';
import { page } from '../resources/paging.ts';
import {
  deliverySettings,
  mutableSubscriptionFields,
  validSubscription,
} from '../resources/subscription.ts';
import { applyUpdateMask } from '../resources/update-mask.ts';
import { encodeReceivedMessages } from '../wire/received-messages.ts';
import { EMPTY, encode, method, rawBytes, unary } from './method.ts';
import { streamingPull } from './streaming-pull.ts';

export const subscriberService = {
  CreateSubscription: method(
    'Subscriber',
    'CreateSubscription',
    pubsub.Subscription,
  ),
  GetSubscription: method(
    'Subscriber',
    'GetSubscription',
    pubsub.GetSubscriptionRequest,
  ),
  UpdateSubscription: method(
    'Subscriber',
    'UpdateSubscription',
    pubsub.UpdateSubscriptionRequest,
  ),
  ListSubscriptions: method(
    'Subscriber',
    'ListSubscriptions',
    pubsub.ListSubscriptionsRequest,
  ),
  DeleteSubscription: method(
    'Subscriber',
    'DeleteSubscription',
    pubsub.DeleteSubscriptionRequest,
  ),
  ModifyAckDeadline: method(
    'Subscriber',
    'ModifyAckDeadline',
    pubsub.ModifyAckDeadlineRequest,
  ),
  Acknowledge: method('Subscriber', 'Acknowledge', pubsub.AcknowledgeRequest),
  Pull: method('Subscriber', 'Pull', pubsub.PullRequest),
  StreamingPull: method(
    'Subscriber',
    'StreamingPull',
    pubsub.StreamingPullRequest,
    true,
  ),
  ModifyPushConfig: method(
    'Subscriber',
    'ModifyPushConfig',
    pubsub.ModifyPushConfigRequest,
  ),
  GetSnapshot: method('Subscriber', 'GetSnapshot', rawBytes),
  ListSnapshots: method('Subscriber', 'ListSnapshots', rawBytes),
  CreateSnapshot: method('Subscriber', 'CreateSnapshot', rawBytes),
  UpdateSnapshot: method('Subscriber', 'UpdateSnapshot', rawBytes),
  DeleteSnapshot: method('Subscriber', 'DeleteSnapshot', rawBytes),
  Seek: method('Subscriber', 'Seek', rawBytes),
} satisfies ServiceDefinition;

type Requests = {
  [Name in keyof typeof subscriberService]: ReturnType<
    (typeof subscriberService)[Name]['requestDeserialize']
  >;
};

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

/** Aborts when the caller has gone away. */
const cancellation = (call: ServerUnaryCall<unknown, Buffer>): AbortSignal => {
  const controller = new AbortController();
  call.on('cancelled', () => {
    controller.abort();
  });
  return controller.signal;
};

const configuration = (broker: Broker): UntypedServiceImplementation => ({
  CreateSubscription: unary<Requests['CreateSubscription']>((request) =>
    encode(
      pubsub.Subscription,
      broker.createSubscription(validSubscription(request)).resource,
    ),
  ),
  GetSubscription: unary<Requests['GetSubscription']>((request) =>
    encode(
      pubsub.Subscription,
      broker.subscription(request.subscription).resource,
    ),
  ),
  UpdateSubscription: unary<Requests['UpdateSubscription']>((request) => {
    if (!request.subscription)
      throw invalidArgument(
        'The subscription in the UpdateSubscriptionRequest must be set.',
      );
    const subscription = broker.subscription(request.subscription.name ?? '');
    const updated = pubsub.Subscription.create(subscription.resource);
    applyUpdateMask(
      'Subscription',
      mutableSubscriptionFields,
      updated,
      pubsub.Subscription.create(request.subscription),
      request.updateMask?.paths ?? [],
    );
    validSubscription(updated);
    broker.checkDeadLetterTopic(updated);
    subscription.resource = updated;
    subscription.dispatcher.state.settings = deliverySettings(updated);
    return encode(pubsub.Subscription, updated);
  }),
  ListSubscriptions: unary<Requests['ListSubscriptions']>((request) => {
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
  DeleteSubscription: unary<Requests['DeleteSubscription']>((request) => {
    broker.deleteSubscription(request.subscription);
    return EMPTY;
  }),
  ModifyPushConfig: unary<Requests['ModifyPushConfig']>((request) => {
    broker.subscription(request.subscription);
    if (request.pushConfig?.pushEndpoint)
      throw unimplemented('push subscriptions');
    return EMPTY;
  }),
});

const delivery = (broker: Broker): UntypedServiceImplementation => ({
  Acknowledge: unary<Requests['Acknowledge']>((request) => {
    const { dispatcher } = broker.subscription(request.subscription);
    checkAckIds(request.ackIds);
    dispatcher.acknowledge(request.ackIds);
    return EMPTY;
  }),
  ModifyAckDeadline: unary<Requests['ModifyAckDeadline']>((request) => {
    const { dispatcher } = broker.subscription(request.subscription);
    checkAckIds(request.ackIds);
    checkExtension(request.ackDeadlineSeconds);
    dispatcher.modifyAckDeadline(request.ackIds, request.ackDeadlineSeconds);
    return EMPTY;
  }),
  Pull: unary<Requests['Pull']>(async (request, call) => {
    const { dispatcher } = broker.subscription(request.subscription);
    if (request.maxMessages <= 0)
      throw invalidArgument(
        `The value for max_messages is too small. You passed ${request.maxMessages} in the request, but the minimum value is 1.`,
      );
    return encodeReceivedMessages(
      await dispatcher.pull(
        Math.min(request.maxMessages, 1000),
        request.returnImmediately,
        cancellation(call),
      ),
    );
  }),
  StreamingPull: streamingPull(broker),
});

/** @throws PubSubError INVALID_ARGUMENT unless 0 to 600 seconds. */
export const checkExtension = (seconds: number): void => {
  if (seconds < 0 || seconds > 600)
    throw invalidArgument(
      `Invalid ack_deadline_seconds given: expected between 0 and 600 seconds, got: ${seconds}.`,
    );
};

const refuse = (what: string) =>
  unary<Buffer>(() => {
    throw unimplemented(what);
  });

/** The handlers of google.pubsub.v1.Subscriber. */
export const subscriberHandlers = (
  broker: Broker,
): UntypedServiceImplementation => ({
  ...configuration(broker),
  ...delivery(broker),
  GetSnapshot: refuse('snapshots'),
  ListSnapshots: refuse('snapshots'),
  CreateSnapshot: refuse('snapshots'),
  UpdateSnapshot: refuse('snapshots'),
  DeleteSnapshot: refuse('snapshots'),
  Seek: refuse('seek'),
});
