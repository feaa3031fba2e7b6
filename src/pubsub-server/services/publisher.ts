import type {
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';

import type { Broker } from '../broker.ts';
import { pubsub } from '../codecs.ts';
import { invalidArgument, unimplemented } from '../errors.ts';
import { checkName, checkProject } from '../resources/names.ts';
import { page } from '../resources/paging.ts';
import { mutableTopicFields, validTopic } from '../resources/topic.ts';
import { applyUpdateMask } from '../resources/update-mask.ts';
import { publishLimits, readPublishRequest } from '../wire/publish-request.ts';
import { EMPTY, encode, method, rawBytes, unary } from './method.ts';

export const publisherService = {
  CreateTopic: method('Publisher', 'CreateTopic', pubsub.Topic),
  UpdateTopic: method('Publisher', 'UpdateTopic', pubsub.UpdateTopicRequest),
  Publish: method('Publisher', 'Publish', rawBytes),
  GetTopic: method('Publisher', 'GetTopic', pubsub.GetTopicRequest),
  ListTopics: method('Publisher', 'ListTopics', pubsub.ListTopicsRequest),
  ListTopicSubscriptions: method(
    'Publisher',
    'ListTopicSubscriptions',
    pubsub.ListTopicSubscriptionsRequest,
  ),
  ListTopicSnapshots: method('Publisher', 'ListTopicSnapshots', rawBytes),
  DeleteTopic: method('Publisher', 'DeleteTopic', pubsub.DeleteTopicRequest),
  DetachSubscription: method('Publisher', 'DetachSubscription', rawBytes),
} satisfies ServiceDefinition;

type Requests = {
  [Name in keyof typeof publisherService]: ReturnType<
    (typeof publisherService)[Name]['requestDeserialize']
  >;
};

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
    messageIds: broker.publish(broker.topic(request.topic), request.messages),
  });
};

/** The handlers of google.pubsub.v1.Publisher. */
export const publisherHandlers = (
  broker: Broker,
): UntypedServiceImplementation => ({
  CreateTopic: unary<Requests['CreateTopic']>((request) =>
    encode(pubsub.Topic, broker.createTopic(validTopic(request)).resource),
  ),
  UpdateTopic: unary<Requests['UpdateTopic']>((request) => {
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
    topic.resource = validTopic(updated);
    return encode(pubsub.Topic, topic.resource);
  }),
  Publish: unary<Requests['Publish']>((request) => publish(broker, request)),
  GetTopic: unary<Requests['GetTopic']>((request) =>
    encode(pubsub.Topic, broker.topic(request.topic).resource),
  ),
  ListTopics: unary<Requests['ListTopics']>((request) => {
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
  ListTopicSubscriptions: unary<Requests['ListTopicSubscriptions']>(
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
  ListTopicSnapshots: unary<Buffer>(() => {
    throw unimplemented('snapshots');
  }),
  DeleteTopic: unary<Requests['DeleteTopic']>((request) => {
    broker.deleteTopic(request.topic);
    return EMPTY;
  }),
  DetachSubscription: unary<Buffer>(() => {
    throw unimplemented('detaching subscriptions');
  }),
});
