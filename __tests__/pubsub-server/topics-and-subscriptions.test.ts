import { v1 } from '@google-cloud/pubsub';
import { credentials, status } from '@grpc/grpc-js';

import { ack, Inbox, startServer, stopAll } from './set-up.ts';

afterEach(stopAll);

describe('topics', () => {
  it('keeps every field it is given and returns it', async () => {
    const { client } = await startServer();
    const given = {
      labels: { team: 'community' },
      messageStoragePolicy: { allowedPersistenceRegions: ['europe-west1'] },
      kmsKeyName: 'projects/test/locations/global/keyRings/r/cryptoKeys/k',
      messageRetentionDuration: { seconds: 3600 },
    };
    await client.createTopic({ name: 'one', ...given });
    const [metadata] = await client.topic('one').getMetadata();
    expect(metadata).toMatchObject({
      ...given,
      name: 'projects/test/topics/one',
      messageRetentionDuration: { seconds: '3600' },
      state: 'ACTIVE',
    });
  });

  it('updates what the mask names and nothing else', async () => {
    const { client } = await startServer();
    const [topic] = await client.createTopic({
      name: 'one',
      labels: { old: 'label' },
      messageRetentionDuration: { seconds: 3600 },
    });
    await topic.setMetadata({ labels: { new: 'label' } });
    const [metadata] = await topic.getMetadata();
    expect(metadata).toMatchObject({
      labels: { new: 'label' },
      messageRetentionDuration: { seconds: '3600' },
    });
  });

  it('lists by pages that neither repeat nor skip', async () => {
    const { client, connect } = await startServer();
    const names = Array.from({ length: 7 }, (_, index) => `topic-${index}`);
    await Promise.all(names.map((name) => client.createTopic(name)));
    await connect({ projectId: 'other' }).createTopic('topic-9');
    const [first, , response] = await client.getTopics({
      pageSize: 3,
      autoPaginate: false,
    });
    expect(first.map(({ name }) => name)).toEqual(
      names.slice(0, 3).map((name) => `projects/test/topics/${name}`),
    );
    const { nextPageToken } = response as { nextPageToken: string };
    const [second] = await client.getTopics({
      pageSize: 3,
      pageToken: nextPageToken,
      autoPaginate: false,
    });
    expect(second[0]?.name).toBe('projects/test/topics/topic-3');
    const [all] = await client.getTopics();
    expect(all).toHaveLength(7);
  });

  it('answers with the texts of the service', async () => {
    const { client } = await startServer();
    await client.createTopic('one');
    await expect(client.createTopic('one')).rejects.toMatchObject({
      code: status.ALREADY_EXISTS,
      details: 'Resource already exists in the project (resource=one).',
    });
    await expect(client.topic('two').getMetadata()).rejects.toMatchObject({
      code: status.NOT_FOUND,
      details: 'Resource not found (resource=two).',
    });
    await expect(client.topic('two').delete()).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
    for (const name of ['x', '1topic', 'goog-topic', 'with space'])
      await expect(client.createTopic(name)).rejects.toMatchObject({
        code: status.INVALID_ARGUMENT,
        details: expect.stringContaining('Invalid resource name given'),
      });
  });

  it('leaves the subscriptions of a deleted topic with what they hold', async () => {
    const { client } = await startServer();
    const [topic] = await client.createTopic('one');
    const [subscription] = await topic.createSubscription('sub');
    await topic.publishMessage({ data: Buffer.from('kept') });
    await topic.delete();
    const [metadata] = await subscription.getMetadata();
    expect(metadata.topic).toBe('_deleted-topic_');
    const [again] = await client.createTopic('one');
    await again.publishMessage({ data: Buffer.from('not for the old one') });
    await again.createSubscription('new');
    const inbox = new Inbox(client, subscription.name, ack);
    await inbox.count(1);
    expect(inbox.texts).toEqual(['kept']);
    await inbox.close();
  });
});

describe('subscriptions', () => {
  it('keeps every field it is given and returns it', async () => {
    const { client } = await startServer();
    const [topic] = await client.createTopic('one');
    await client.createTopic('dead');
    await topic.createSubscription('sub', {
      ackDeadlineSeconds: 60,
      enableMessageOrdering: true,
      filter: 'attributes.kind = "a"',
      labels: { team: 'community' },
      retainAckedMessages: true,
      messageRetentionDuration: 1200,
      expirationPolicy: { ttl: { seconds: 86_400 } },
      retryPolicy: {
        minimumBackoff: { seconds: 1 },
        maximumBackoff: { seconds: 60, nanos: 500_000_000 },
      },
      deadLetterPolicy: {
        deadLetterTopic: 'projects/test/topics/dead',
        maxDeliveryAttempts: 20,
      },
    });
    const [metadata] = await client.subscription('sub').getMetadata();
    expect(metadata).toMatchObject({
      name: 'projects/test/subscriptions/sub',
      topic: 'projects/test/topics/one',
      ackDeadlineSeconds: 60,
      enableMessageOrdering: true,
      filter: 'attributes.kind = "a"',
      labels: { team: 'community' },
      retainAckedMessages: true,
      messageRetentionDuration: { seconds: '1200' },
      expirationPolicy: { ttl: { seconds: '86400' } },
      retryPolicy: {
        minimumBackoff: { seconds: '1' },
        maximumBackoff: { seconds: '60', nanos: 500_000_000 },
      },
      deadLetterPolicy: {
        deadLetterTopic: 'projects/test/topics/dead',
        maxDeliveryAttempts: 20,
      },
      state: 'ACTIVE',
    });
  });

  it('completes what is left out as the service does', async () => {
    const { client } = await startServer();
    const [topic] = await client.createTopic('one');
    await client.createTopic('dead');
    await topic.createSubscription('sub', {
      retryPolicy: {},
      deadLetterPolicy: { deadLetterTopic: 'projects/test/topics/dead' },
    });
    const [metadata] = await client.subscription('sub').getMetadata();
    expect(metadata).toMatchObject({
      ackDeadlineSeconds: 10,
      messageRetentionDuration: { seconds: '604800' },
      expirationPolicy: { ttl: { seconds: '2678400' } },
      pushConfig: { pushEndpoint: '' },
      retryPolicy: {
        minimumBackoff: { seconds: '10' },
        maximumBackoff: { seconds: '600' },
      },
      deadLetterPolicy: { maxDeliveryAttempts: 5 },
    });
  });

  it('updates and clears what the mask names', async () => {
    const { client } = await startServer();
    const [topic] = await client.createTopic('one');
    await client.createTopic('dead');
    const [subscription] = await topic.createSubscription('sub', {
      ackDeadlineSeconds: 60,
      deadLetterPolicy: { deadLetterTopic: 'projects/test/topics/dead' },
    });
    await subscription.setMetadata({
      retryPolicy: { minimumBackoff: { seconds: 1 } },
    });
    await subscription.setMetadata({ deadLetterPolicy: null });
    const [metadata] = await subscription.getMetadata();
    expect(metadata).toMatchObject({
      ackDeadlineSeconds: 60,
      retryPolicy: { minimumBackoff: { seconds: '1' } },
      deadLetterPolicy: null,
    });
  });

  it.each([
    'labels.team',
    'labels.',
    'ack_deadline_seconds.value',
    'dead_letter_policy.nonsense',
    'retry_policy.minimum_backoff.seconds',
    'nonsense',
    '',
  ])(
    'are not damaged by an update mask with the path "%s"',
    async (path: string) => {
      const { client, server } = await startServer();
      const [topic] = await client.createTopic('one');
      const [subscription] = await topic.createSubscription('sub');
      const [before] = await subscription.getMetadata();
      const subscriber = new v1.SubscriberClient({
        servicePath: '127.0.0.1',
        port: server.port,
        sslCreds: credentials.createInsecure(),
      });
      await expect(
        subscriber.updateSubscription({
          subscription: { name: subscription.name },
          updateMask: { paths: [path] },
        }),
      ).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
      await subscriber.close();
      expect(await subscription.getMetadata()).toMatchObject([before]);
    },
  );

  it('can be changed while their dead-letter topic is deleted, but not given one that is', async () => {
    const { client } = await startServer();
    const [topic] = await client.createTopic('one');
    const [dead] = await client.createTopic('dead');
    const [subscription] = await topic.createSubscription('sub', {
      deadLetterPolicy: { deadLetterTopic: dead.name },
    });
    await dead.delete();
    const [changed] = await subscription.setMetadata({
      ackDeadlineSeconds: 20,
    });
    expect(changed).toMatchObject({ ackDeadlineSeconds: 20 });
    await expect(
      subscription.setMetadata({
        deadLetterPolicy: { deadLetterTopic: 'projects/test/topics/gone' },
      }),
    ).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it('are not born detached, whatever the client sends', async () => {
    const { client } = await startServer();
    const [topic] = await client.createTopic('one');
    const [subscription] = await topic.createSubscription('sub', {
      detached: true,
    });
    expect(await subscription.detached()).toEqual([false]);
  });

  it('refuses to update what is for life', async () => {
    const { client } = await startServer();
    const [topic] = await client.createTopic('one');
    const [subscription] = await topic.createSubscription('sub');
    for (const change of [
      { filter: 'attributes:a' },
      { enableMessageOrdering: true },
    ])
      await expect(subscription.setMetadata(change)).rejects.toMatchObject({
        code: status.INVALID_ARGUMENT,
        details: expect.stringContaining(
          'field in the Subscription is not mutable',
        ),
      });
  });

  it.each([
    [
      'ack deadline',
      { ackDeadlineSeconds: 9 },
      'between 10 and 600 seconds, got: 9',
    ],
    [
      'ack deadline',
      { ackDeadlineSeconds: 601 },
      'between 10 and 600 seconds, got: 601',
    ],
    [
      'filter',
      { filter: 'attributes.a = b' },
      'expected a value in double quotes',
    ],
    [
      'filter',
      { filter: `attributes.a = "${'x'.repeat(256)}"` },
      'at most 256 bytes',
    ],
    [
      'backoff',
      {
        retryPolicy: {
          minimumBackoff: { seconds: 20 },
          maximumBackoff: { seconds: 10 },
        },
      },
      'got: 20 s and 10 s',
    ],
    [
      'retention',
      { messageRetentionDuration: 60 },
      'between 10 minutes and 31 days',
    ],
  ])('refuses an invalid %s: %j', async (_, options, text) => {
    const { client } = await startServer();
    const [topic] = await client.createTopic('one');
    await expect(
      topic.createSubscription('sub', options),
    ).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining(text),
    });
  });

  it('refuses a dead-letter topic that does not exist and attempts out of range', async () => {
    const { client } = await startServer();
    const [topic] = await client.createTopic('one');
    const deadLetterTopic = 'projects/test/topics/one';
    await expect(
      topic.createSubscription('sub', {
        deadLetterPolicy: { deadLetterTopic: 'projects/test/topics/none' },
      }),
    ).rejects.toMatchObject({ code: status.NOT_FOUND });
    await expect(
      topic.createSubscription('sub', {
        deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: 4 },
      }),
    ).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('says what it does not support instead of pretending', async () => {
    const { client } = await startServer();
    const [topic] = await client.createTopic('one');
    for (const options of [
      { pushEndpoint: 'https://example.com/push' },
      { bigqueryConfig: { table: 'a.b.c' } },
    ])
      await expect(
        topic.createSubscription('sub', options),
      ).rejects.toMatchObject({
        code: status.UNIMPLEMENTED,
        details: expect.stringContaining(
          'The local Pub/Sub server does not support',
        ),
      });
    await expect(
      client.createSchema('schema', 'AVRO', '{}'),
    ).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
      details: 'The local Pub/Sub server does not support schemas.',
    });
  });

  it('lists those of a project and those of a topic', async () => {
    const { client } = await startServer();
    const [one] = await client.createTopic('one');
    const [two] = await client.createTopic('two');
    await one.createSubscription('sub-b');
    await one.createSubscription('sub-a');
    await two.createSubscription('sub-c');
    const [all] = await client.getSubscriptions();
    expect(all.map(({ name }) => name)).toEqual(
      ['sub-a', 'sub-b', 'sub-c'].map(
        (name) => `projects/test/subscriptions/${name}`,
      ),
    );
    const [ofOne] = await one.getSubscriptions();
    expect(ofOne.map(({ name }) => name)).toEqual(
      ['sub-a', 'sub-b'].map((name) => `projects/test/subscriptions/${name}`),
    );
  });

  it('needs an existing topic and a free name', async () => {
    const { client } = await startServer();
    await expect(
      client.topic('none').createSubscription('sub'),
    ).rejects.toMatchObject({
      code: status.NOT_FOUND,
      details: 'Resource not found (resource=none).',
    });
    const [topic] = await client.createTopic('one');
    await topic.createSubscription('sub');
    await expect(topic.createSubscription('sub')).rejects.toMatchObject({
      code: status.ALREADY_EXISTS,
    });
  });
});
