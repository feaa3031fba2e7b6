import { v1 } from '@google-cloud/pubsub';
import { credentials, status } from '@grpc/grpc-js';

import { ControlledClock } from './controlled-clock.ts';
import {
  ack,
  eventually,
  Inbox,
  nack,
  startServer,
  stopAll,
} from './set-up.ts';

afterEach(stopAll);

it('delivers data, attributes, id and publish time', async () => {
  const clock = new ControlledClock();
  const { client } = await startServer({ clock });
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub');
  const inbox = new Inbox(client, 'sub', ack);
  const id = await topic.publishMessage({
    data: Buffer.from([0, 255, 1]),
    attributes: { key: 'välue' },
  });
  await inbox.count(1);
  const [message] = inbox.messages;
  expect(message).toMatchObject({
    id,
    attributes: { key: 'välue' },
    orderingKey: '',
  });
  expect([...message!.data]).toEqual([0, 255, 1]);
  expect(message!.publishTime.getTime()).toBe(clock.now());
  await inbox.close();
});

it('gives every subscription every message its filter admits', async () => {
  const { client } = await startServer();
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('all');
  await topic.createSubscription('some', {
    filter: 'attributes.kind = "a" OR NOT attributes:kind',
  });
  const all = new Inbox(client, 'all', ack);
  const some = new Inbox(client, 'some', ack);
  for (const kind of ['a', 'b', ''])
    await topic.publishMessage({
      data: Buffer.from(`kind ${kind}`),
      attributes: kind === '' ? {} : { kind },
    });
  await all.count(3);
  await some.count(2);
  expect(all.texts).toEqual(['kind a', 'kind b', 'kind ']);
  expect(some.texts).toEqual(['kind a', 'kind ']);
  await all.close();
  await some.close();
});

it('keeps messages published before anyone listens', async () => {
  const { client } = await startServer();
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub');
  for (let count = 0; count < 250; count += 1)
    void topic.publishMessage({ data: Buffer.from(String(count)) });
  await topic.flush();
  const inbox = new Inbox(client, 'sub', ack);
  await inbox.count(250);
  expect(new Set(inbox.texts).size).toBe(250);
  await inbox.close();
});

it.each([
  [
    'no messages',
    0,
    'The value for message_count is too small. You passed 0 in the request, but the minimum value is 1.',
  ],
  [
    '1001 messages',
    1001,
    'The value for message_count is too large. You passed 1001 in the request, but the maximum value is 1000.',
  ],
])('refuses a publish of %s', async (_, count, details) => {
  const { client, server } = await startServer();
  await client.createTopic('one');
  const publisher = new v1.PublisherClient({
    servicePath: '127.0.0.1',
    port: server.port,
    sslCreds: credentials.createInsecure(),
  });
  await expect(
    publisher.publish({
      topic: 'projects/test/topics/one',
      messages: Array.from({ length: count }, () => ({
        data: Buffer.from('x'),
      })),
    }),
  ).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, details });
  await publisher.close();
});

it('takes a message of almost 10 MB and refuses one over it', async () => {
  const { client } = await startServer();
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub');
  const inbox = new Inbox(client, 'sub', ack);
  const size = 10 * 1024 * 1024 - 200;
  await topic.publishMessage({ data: Buffer.alloc(size, 1) });
  await inbox.count(1);
  expect(inbox.messages[0]?.data).toHaveLength(size);
  await expect(
    topic.publishMessage({ data: Buffer.alloc(size + 200) }),
  ).rejects.toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringContaining('request_size is too large'),
  });
  await inbox.close();
});

it('delivers again at once after a nack, and with the attempts of a dead-letter policy', async () => {
  const { client } = await startServer();
  const [topic] = await client.createTopic('one');
  await client.createTopic('dead');
  await topic.createSubscription('sub', {
    deadLetterPolicy: {
      deadLetterTopic: 'projects/test/topics/dead',
      maxDeliveryAttempts: 10,
    },
  });
  const inbox = new Inbox(client, 'sub', (message) => {
    if (message.deliveryAttempt < 3) message.nack();
    else message.ack();
  });
  await topic.publishMessage({ data: Buffer.from('x') });
  await inbox.count(3);
  expect(inbox.messages.map(({ deliveryAttempt }) => deliveryAttempt)).toEqual([
    1, 2, 3,
  ]);
  await inbox.close();
});

it('waits as the retry policy says before it delivers again', async () => {
  const clock = new ControlledClock();
  const { client, server } = await startServer({ clock });
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub', {
    retryPolicy: {
      minimumBackoff: { seconds: 20 },
      maximumBackoff: { seconds: 600 },
    },
  });
  const inbox = new Inbox(client, 'sub', (message) => {
    if (message.data.toString() === 'x') message.nack();
    else message.ack();
  });
  await topic.publishMessage({ data: Buffer.from('x') });
  for (const [failures, seconds] of [20, 40, 80].entries()) {
    await inbox.until(
      () => inbox.texts.filter((text) => text === 'x').length > failures,
    );
    await eventually(
      () => server.statistics().subscriptions[0]?.outstanding === 0,
    );
    clock.advance(seconds * 1000 - 1);
    // What is published now overtakes the message that still backs off.
    await topic.publishMessage({ data: Buffer.from(`marker ${failures}`) });
    await inbox.until(() => inbox.texts.includes(`marker ${failures}`));
    expect(inbox.texts.filter((text) => text === 'x')).toHaveLength(
      failures + 1,
    );
    clock.advance(1);
  }
  await inbox.close();
});

it('delivers again when a lease runs out, and a late acknowledgement still counts', async () => {
  const clock = new ControlledClock();
  const { client, server } = await startServer({ clock });
  const [topic] = await client.createTopic('one');
  await client.createTopic('dead');
  await topic.createSubscription('sub', {
    deadLetterPolicy: { deadLetterTopic: 'projects/test/topics/dead' },
  });
  const inbox = new Inbox(client, 'sub', () => undefined);
  await topic.publishMessage({ data: Buffer.from('x') });
  await inbox.count(1);
  clock.advance(60_000);
  await inbox.count(2);
  expect(inbox.messages.map(({ deliveryAttempt }) => deliveryAttempt)).toEqual([
    1, 2,
  ]);
  inbox.messages[0]?.ack();
  await eventually(() => server.statistics().subscriptions[0]?.backlog === 0);
  inbox.messages[1]?.ack();
  await inbox.close();
});

it('forwards to the dead-letter topic with the attributes of the service', async () => {
  const clock = new ControlledClock();
  const { client, server } = await startServer({ clock });
  const [topic] = await client.createTopic('one');
  const [deadTopic] = await client.createTopic('dead');
  await deadTopic.createSubscription('dead-sub');
  await topic.createSubscription('sub', {
    enableMessageOrdering: true,
    deadLetterPolicy: {
      deadLetterTopic: 'projects/test/topics/dead',
      maxDeliveryAttempts: 5,
    },
  });
  const inbox = new Inbox(client, 'sub', nack);
  const dead = new Inbox(client, 'dead-sub', ack);
  const id = await client
    .topic('one', { messageOrdering: true })
    .publishMessage({
      data: Buffer.from('poison'),
      attributes: { own: 'attribute' },
      orderingKey: 'key',
    });
  await dead.count(1);
  expect(inbox.messages).toHaveLength(5);
  const [message] = dead.messages;
  expect(message?.id).not.toBe(id);
  expect(message?.data.toString()).toBe('poison');
  expect(message?.orderingKey).toBe('key');
  expect(message?.attributes).toEqual({
    own: 'attribute',
    CloudPubSubDeadLetterSourceDeliveryCount: '5',
    CloudPubSubDeadLetterSourceSubscription: 'sub',
    CloudPubSubDeadLetterSourceSubscriptionProject: 'test',
    CloudPubSubDeadLetterSourceTopicPublishTime:
      '2026-01-01T00:00:00.000+00:00',
  });
  expect(
    server.statistics().subscriptions.find(({ name }) => name.endsWith('/sub')),
  ).toMatchObject({ backlog: 0, deadLettered: 1 });
  await inbox.close();
  await dead.close();
});

it('delivers each ordering key in order, and after a nack from the failed message on', async () => {
  const { client } = await startServer();
  await client.createTopic('one');
  const topic = client.topic('one', { messageOrdering: true });
  await topic.createSubscription('sub', { enableMessageOrdering: true });
  const failed = new Set<string>();
  const accepted: string[] = [];
  const inbox = new Inbox(client, 'sub', (message) => {
    const text = message.data.toString();
    if (text.endsWith('3') && !failed.has(text)) {
      failed.add(text);
      message.nack();
    } else {
      accepted.push(text);
      message.ack();
    }
  });
  const expected = ['a', 'b', 'c'].flatMap((key) =>
    Array.from({ length: 6 }, (_, index) => `${key}${index}`),
  );
  for (const text of expected)
    void topic.publishMessage({
      data: Buffer.from(text),
      orderingKey: text.slice(0, 1),
    });
  await topic.flush();
  await inbox.until(() => expected.every((text) => accepted.includes(text)));
  for (const key of ['a', 'b', 'c']) {
    const redelivered = inbox.texts
      .filter((text) => text.startsWith(key))
      .slice(
        inbox.texts.filter((text) => text.startsWith(key)).indexOf(`${key}3`),
      );
    expect(redelivered.indexOf(`${key}3`, 1)).toBeGreaterThan(0);
    const firsts = [
      ...new Set(accepted.filter((text) => text.startsWith(key))),
    ];
    expect([...firsts].sort()).toEqual(
      expected.filter((text) => text.startsWith(key)),
    );
  }
  await inbox.close();
});

it('leases a stream no more than its max_outstanding_messages', async () => {
  const { client, server } = await startServer();
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub');
  for (let count = 0; count < 30; count += 1)
    void topic.publishMessage({ data: Buffer.from(String(count)) });
  await topic.flush();
  const inbox = new Inbox(client, 'sub', () => undefined, {
    flowControl: { maxMessages: 7, allowExcessMessages: false },
  });
  await inbox.count(7);
  expect(server.statistics().subscriptions[0]).toMatchObject({
    backlog: 30,
    outstanding: 7,
  });
  for (let acked = 0; acked < 30; acked += 1) {
    await inbox.count(acked + 1);
    expect(
      server.statistics().subscriptions[0]?.outstanding,
    ).toBeLessThanOrEqual(7);
    inbox.messages[acked]?.ack();
  }
  await eventually(() => server.statistics().subscriptions[0]?.backlog === 0);
  await inbox.close();
});

it('shares a backlog evenly between streams', async () => {
  const { client, connect } = await startServer();
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub');
  const inboxes = [1, 2, 3].map(() => new Inbox(connect(), 'sub', ack));
  // The streams are open once each has had a message.
  while (inboxes.some(({ messages }) => messages.length === 0))
    await topic.publishMessage({ data: Buffer.from('warm') });
  const before = inboxes.map(({ messages }) => messages.length);
  for (let count = 0; count < 300; count += 1)
    void topic.publishMessage({ data: Buffer.from('x') });
  await topic.flush();
  const received = () =>
    inboxes.map(({ messages }, index) => messages.length - before[index]!);
  await eventually(
    () => received().reduce((sum, count) => sum + count, 0) >= 300,
  );
  for (const count of received()) expect(count).toBeGreaterThan(60);
  await Promise.all(inboxes.map((inbox) => inbox.close()));
});

it('feeds 200 subscriptions of one process', async () => {
  const { client, connect } = await startServer();
  const [topic] = await client.createTopic('one');
  const names = Array.from({ length: 200 }, (_, index) => `sub-${index}`);
  await Promise.all(names.map((name) => topic.createSubscription(name)));
  // A client runs dry at 100 streams a connection: four of them with connections of their own.
  const clients = Array.from({ length: 4 }, () =>
    connect({ 'grpc.use_local_subchannel_pool': 1 } as object),
  );
  const inboxes = names.map(
    (name, index) => new Inbox(clients[index % 4]!, name, ack),
  );
  await topic.publishMessage({ data: Buffer.from('to everyone') });
  await Promise.all(inboxes.map((inbox) => inbox.count(1)));
  await Promise.all(inboxes.map((inbox) => inbox.close()));
});
