import type { Broker } from '../broker/broker.ts';
import { pubsub } from '../codecs.ts';
import { invalidArgument } from '../errors.ts';
import { checkName, checkProject } from '../resources/names.ts';
import { page } from '../resources/paging.ts';
import { mutableTopicFields, validTopic } from '../resources/topic.ts';
import { applyUpdateMask } from '../resources/update-mask.ts';
import { publishLimits, readPublishRequest } from '../wire/publish-request.ts';
import {
  EMPTY,
  encode,
  type Method,
  rawBytes,
  serviceBuilder,
} from './method.ts';

const { reads, changes } = serviceBuilder('google.pubsub.v1.Publisher');

const checkMessageCount = (count: number): void => {
  const bound = `You passed ${count} in the request, but the`;
  if (count === 0)
    throw invalidArgument(
      `The value for message_count is too small. ${bound} minimum value is 1.`,
    );
  if (count > publishLimits.messages)
    throw invalidArgument(
      `The value for message_count is too large. ${bound} maximum value is ${publishLimits.messages}.`,
    );
};

const publish = (broker: Broker, bytes: Buffer): Buffer => {
  const request = readPublishRequest(bytes);
  checkName(request.topic, 'topics');
  checkMessageCount(request.messages.length);
  const orderingKey = request.messages[0]?.orderingKey;
  if (request.messages.some((message) => message.orderingKey !== orderingKey))
    throw invalidArgument(
      'In a single publish request, all messages must have no ordering key or they must all have the same ordering key.',
    );
  return encode(pubsub.PublishResponse, {
    messageIds: broker.publish(
      broker.topic(request.topic),
      request.messages,
      bytes,
    ),
  });
};

/** google.pubsub.v1.Publisher */
export const publisherMethods = (broker: Broker): readonly Method[] => [
  changes('CreateTopic', pubsub.Topic, (request) =>
    encode(pubsub.Topic, broker.createTopic(validTopic(request)).resource),
  ),
  changes('UpdateTopic', pubsub.UpdateTopicRequest, (request) => {
    if (!request.topic)
      throw invalidArgument('The topic in the UpdateTopicRequest must be set.');
    const topic = broker.topic(request.topic.name ?? '');
    const updated = pubsub.Topic.create(topic.resource);
    applyUpdateMask(
      'Topic',
      mutableTopicFields,
      updated,
      pubsub.Topic.create(request.topic),
      request.updateMask?.paths ?? [],
    );
    broker.updateTopic(topic, validTopic(updated));
    return encode(pubsub.Topic, topic.resource);
  }),
  changes('Publish', rawBytes, (request) => publish(broker, request)),
  reads('GetTopic', pubsub.GetTopicRequest, (request) =>
    encode(pubsub.Topic, broker.topic(request.topic).resource),
  ),
  reads('ListTopics', pubsub.ListTopicsRequest, (request) => {
    checkProject(request.project);
    const prefix = `${request.project}/topics/`;
    const { items, nextPageToken } = page(
      [...broker.topics.values()]
        .map(({ resource }) => resource)
        .filter(({ name }) => name.startsWith(prefix)),
      ({ name }) => name,
      request.pageSize,
      request.pageToken,
    );
    return encode(pubsub.ListTopicsResponse, { topics: items, nextPageToken });
  }),
  reads(
    'ListTopicSubscriptions',
    pubsub.ListTopicSubscriptionsRequest,
    (request) => {
      const { items, nextPageToken } = page(
        [...broker.topic(request.topic).subscriptions].map(
          ({ resource }) => resource.name,
        ),
        (name) => name,
        request.pageSize,
        request.pageToken,
      );
      return encode(pubsub.ListTopicSubscriptionsResponse, {
        subscriptions: items,
        nextPageToken,
      });
    },
  ),
  reads('ListTopicSnapshots', pubsub.ListTopicSnapshotsRequest, (request) => {
    const { items, nextPageToken } = page(
      [...broker.topic(request.topic).snapshots].map(
        ({ resource }) => resource.name,
      ),
      (name) => name,
      request.pageSize,
      request.pageToken,
    );
    return encode(pubsub.ListTopicSnapshotsResponse, {
      snapshots: items,
      nextPageToken,
    });
  }),
  changes('DeleteTopic', pubsub.DeleteTopicRequest, (request) => {
    broker.deleteTopic(request.topic);
    return EMPTY;
  }),
  changes('DetachSubscription', pubsub.DetachSubscriptionRequest, (request) => {
    broker.detachSubscription(request.subscription);
    return EMPTY;
  }),
];
