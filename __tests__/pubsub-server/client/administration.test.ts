import { status } from '@grpc/grpc-js';

import { startServer, stopAll } from '../set-up.ts';

afterEach(stopAll);

const setUp = async () => {
  const { client } = await startServer();
  const [topic] = await client.createTopic('one');
  const [sub] = await topic.createSubscription('sub');
  return { client, topic, sub };
};

const shortNames = (resources: readonly { name: string }[]): string[] =>
  resources.map(({ name }) => name.split('/').at(-1)!);

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, number) => `${prefix}-${number}`);

it('knows whether topics and subscriptions exist', async () => {
  const { client, topic, sub } = await setUp();
  expect(await topic.exists()).toEqual([true]);
  expect(await sub.exists()).toEqual([true]);
  expect(await client.topic('none').exists()).toEqual([false]);
  expect(await client.subscription('none').exists()).toEqual([false]);
});

it('gets what is there, refuses what is not, and creates on get with autoCreate', async () => {
  const { client, topic } = await setUp();
  const [, resource] = await client.subscription('sub').get();
  expect(resource).toMatchObject({ topic: topic.name });
  await expect(client.topic('none').get()).rejects.toMatchObject({
    code: status.NOT_FOUND,
    message: expect.stringContaining('Resource not found (resource=none).'),
  });
  await client.topic('made').get({ autoCreate: true });
  await client.topic('made').get({ autoCreate: true });
  const [made] = await client
    .topic('made')
    .subscription('made')
    .get({ autoCreate: true });
  expect(await made.exists()).toEqual([true]);
});

it('sets and returns metadata of a topic', async () => {
  const { topic } = await setUp();
  await topic.setMetadata({ labels: { team: 'one' } });
  await topic.setMetadata({ messageRetentionDuration: { seconds: 3600 } });
  const [metadata] = await topic.getMetadata();
  expect(metadata).toMatchObject({
    name: 'projects/test/topics/one',
    labels: { team: 'one' },
    messageRetentionDuration: { seconds: '3600' },
  });
});

it('sets and returns metadata of a subscription, field by field', async () => {
  const { sub } = await setUp();
  await sub.setMetadata({ ackDeadlineSeconds: 77, labels: { team: 'one' } });
  await sub.setMetadata({
    retryPolicy: { minimumBackoff: { seconds: 5 } },
    retainAckedMessages: true,
    messageRetentionDuration: 3600,
  });
  await sub.setMetadata({ enableExactlyOnceDelivery: true });
  const [metadata] = await sub.getMetadata();
  expect(metadata).toMatchObject({
    ackDeadlineSeconds: 77,
    labels: { team: 'one' },
    retryPolicy: {
      minimumBackoff: { seconds: '5' },
      maximumBackoff: { seconds: '600' },
    },
    retainAckedMessages: true,
    messageRetentionDuration: { seconds: '3600' },
    enableExactlyOnceDelivery: true,
  });
});

it('says of push delivery that it does not support it', async () => {
  const { sub, topic } = await setUp();
  const pushing = { pushEndpoint: 'https://example.com/push' };
  await expect(sub.modifyPushConfig(pushing)).rejects.toMatchObject({
    code: status.UNIMPLEMENTED,
  });
  await expect(
    topic.createSubscription('push', { pushConfig: pushing }),
  ).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
});

describe('lists', () => {
  it('page by page, of topics', async () => {
    const { client } = await setUp();
    const names = numbered('topic', 25);
    await Promise.all(names.map((name) => client.createTopic(name)));
    const pages: string[][] = [];
    let pageToken: string | undefined;
    do {
      const [topics, next] = await client.getTopics({
        autoPaginate: false,
        pageSize: 10,
        pageToken,
      });
      pages.push(shortNames(topics));
      ({ pageToken } = (next ?? {}) as { pageToken?: string });
    } while (pageToken);
    expect(pages.map(({ length }) => length)).toEqual([10, 10, 6]);
    expect(pages.flat()).toEqual(['one', ...names].sort());
  });

  it('all at once and as a stream, beyond what one page of the server holds', async () => {
    const { client, topic } = await setUp();
    const names = numbered('sub', 230);
    await Promise.all(names.map((name) => topic.createSubscription(name)));
    const everything = ['sub', ...names].sort();
    const [all] = await client.getSubscriptions();
    expect(shortNames(all)).toEqual(everything);
    const [ofTopic] = await topic.getSubscriptions();
    expect(shortNames(ofTopic)).toEqual(everything);
    const streamed: { name: string }[] = [];
    for await (const each of client.getSubscriptionsStream())
      streamed.push(each as { name: string });
    expect(shortNames(streamed)).toEqual(everything);
  });

  it('only what is of the project', async () => {
    const { client } = await setUp();
    await client.createTopic('projects/other/topics/theirs');
    const [topics] = await client.getTopics();
    expect(shortNames(topics)).toEqual(['one']);
  });
});
