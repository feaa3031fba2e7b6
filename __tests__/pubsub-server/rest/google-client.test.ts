import { v1 } from '@google-cloud/pubsub';

import { ControlledClock } from '../controlled-clock.ts';
import { startServer, stopAll } from '../set-up.ts';

afterEach(stopAll);

const topic = 'projects/test/topics/one';
const subscription = 'projects/test/subscriptions/sub';
const snapshot = 'projects/test/snapshots/snap';

/** Google's own clients with their REST transport, without an account to log in with. */
const restClients = async () => {
  const { server } = await startServer({ clock: new ControlledClock() });
  const options = {
    fallback: true,
    protocol: 'http',
    apiEndpoint: '127.0.0.1',
    port: server.port,
    projectId: 'test',
    auth: {
      fetch: (url: string, init: RequestInit) => fetch(url, init),
      getClient: () =>
        Promise.resolve({
          getRequestHeaders: () => Promise.resolve(new Headers()),
        }),
      getProjectId: () => Promise.resolve('test'),
    } as never,
  };
  return {
    publisher: new v1.PublisherClient(options),
    subscriber: new v1.SubscriberClient(options),
    schemas: new v1.SchemaServiceClient(options),
  };
};

it('serves the Publisher to the REST transport of the Google client', async () => {
  const { publisher } = await restClients();
  const [created] = await publisher.createTopic({
    name: topic,
    labels: { team: 'a' },
    messageRetentionDuration: { seconds: 600 },
  });
  expect(created).toMatchObject({ name: topic, labels: { team: 'a' } });
  const [updated] = await publisher.updateTopic({
    topic: { name: topic, labels: { team: 'b' } },
    updateMask: { paths: ['labels'] },
  });
  expect(updated.labels).toEqual({ team: 'b' });
  expect((await publisher.getTopic({ topic }))[0]).toEqual(updated);
  await publisher.createTopic({ name: 'projects/test/topics/two' });
  const [page, next] = await publisher.listTopics(
    { project: 'projects/test', pageSize: 1 },
    { autoPaginate: false },
  );
  expect(page.map(({ name }) => name)).toEqual([topic]);
  const [rest] = await publisher.listTopics(
    { ...next, project: 'projects/test' },
    { autoPaginate: false },
  );
  expect(rest.map(({ name }) => name)).toEqual(['projects/test/topics/two']);
  await publisher.deleteTopic({ topic });
  await expect(publisher.deleteTopic({ topic })).rejects.toMatchObject({
    code: 5,
    message: 'Resource not found (resource=one).',
  });
});

it('serves the Subscriber to the REST transport of the Google client', async () => {
  const { publisher, subscriber } = await restClients();
  await publisher.createTopic({ name: topic });
  const [created] = await subscriber.createSubscription({
    name: subscription,
    topic,
    ackDeadlineSeconds: 20,
    retryPolicy: { minimumBackoff: { seconds: 1, nanos: 500_000_000 } },
  });
  expect(created).toMatchObject({
    ackDeadlineSeconds: 20,
    retryPolicy: {
      minimumBackoff: { seconds: '1', nanos: 500_000_000 },
      maximumBackoff: { seconds: '600', nanos: 0 },
    },
    expirationPolicy: { ttl: { seconds: '2678400', nanos: 0 } },
  });
  const [lists] = await publisher.listTopicSubscriptions({ topic });
  expect(lists).toEqual([subscription]);
  await subscriber.createSnapshot({ name: snapshot, subscription });
  const bytes = Buffer.from([0, 1, 254, 255]);
  const [{ messageIds }] = await publisher.publish({
    topic,
    messages: [{ data: bytes, attributes: { a: 'b', __proto__: 'c' } }],
  });
  const [pulled] = await subscriber.pull({ subscription, maxMessages: 10 });
  const received = pulled.receivedMessages?.[0];
  expect(received?.message).toMatchObject({
    data: bytes,
    attributes: { a: 'b' },
    messageId: messageIds?.[0],
  });
  const ackIds = [received?.ackId ?? ''];
  await subscriber.modifyAckDeadline({
    subscription,
    ackIds,
    ackDeadlineSeconds: 60,
  });
  await subscriber.acknowledge({ subscription, ackIds });
  await subscriber.seek({ subscription, snapshot });
  const [again] = await subscriber.pull({ subscription, maxMessages: 10 });
  expect(again.receivedMessages).toHaveLength(1);
  await subscriber.seek({ subscription, time: { seconds: 253402300799 } });
  await subscriber.modifyPushConfig({ subscription, pushConfig: {} });
  await publisher.detachSubscription({ subscription });
  expect((await subscriber.getSubscription({ subscription }))[0].detached).toBe(
    true,
  );
  await subscriber.deleteSnapshot({ snapshot });
  await subscriber.deleteSubscription({ subscription });
  expect(
    (await subscriber.listSubscriptions({ project: 'projects/test' }))[0],
  ).toEqual([]);
});

it('says that schemas are not there', async () => {
  const { schemas } = await restClients();
  await expect(
    schemas.createSchema({
      parent: 'projects/test',
      schemaId: 'schema',
      schema: { type: 'AVRO', definition: '{}' },
    }),
  ).rejects.toMatchObject({
    code: 12,
    message: 'The local Pub/Sub server does not support schemas.',
  });
});
