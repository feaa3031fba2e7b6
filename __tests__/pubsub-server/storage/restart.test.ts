import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { type Topic, v1 } from '@google-cloud/pubsub';
import { credentials } from '@grpc/grpc-js';

import {
  type PubSubServer,
  startPubSub,
  StorageInUseError,
} from '../../../src/pubsub-server/index.ts';
import { ControlledClock } from '../controlled-clock.ts';
import { ack, eventually, Inbox, startServer, stopAll } from '../set-up.ts';
import { scratchDirectory } from '../../setup/scratch-directory.ts';

let directory: string;
let data: string;

beforeEach(async () => {
  directory = await mkdtemp(
    join(await scratchDirectory(), 'nightshift-restart-'),
  );
  data = join(directory, 'pubsub');
});

afterEach(async () => {
  await stopAll();
  await rm(directory, { recursive: true, force: true });
});

const SUBSCRIPTION = 'projects/test/subscriptions/sub';

/** Pulls, acknowledges and nacks when the test says so; nothing on its own account. */
const connectSubscriber = ({ port }: PubSubServer) => {
  const subscriber = new v1.SubscriberClient({
    servicePath: '127.0.0.1',
    port,
    sslCreds: credentials.createInsecure(),
  });
  return {
    pull: async (maxMessages: number) => {
      const [{ receivedMessages }] = await subscriber.pull({
        subscription: SUBSCRIPTION,
        maxMessages,
      });
      return receivedMessages!.map(({ ackId, message }) => ({
        ackId: ackId!,
        text: String(message!.data),
        key: message!.orderingKey!,
      }));
    },
    acknowledge: (ackIds: string[]) =>
      subscriber.acknowledge({ subscription: SUBSCRIPTION, ackIds }),
    nack: (ackIds: string[]) =>
      subscriber.modifyAckDeadline({
        subscription: SUBSCRIPTION,
        ackIds,
        ackDeadlineSeconds: 0,
      }),
    close: () => subscriber.close(),
  };
};

const publish = (topic: Topic, text: string, orderingKey?: string) =>
  topic.publishMessage({ data: Buffer.from(text), orderingKey });

it('delivers after a new start exactly what was not acknowledged, in order, deliveries counted on', async () => {
  const clock = new ControlledClock();
  const before = await startServer({ clock, data });
  const [dead] = await before.client.createTopic('dead');
  await before.client.createTopic('one');
  const topic = before.client.topic('one', { messageOrdering: true });
  await topic.createSubscription('sub', {
    enableMessageOrdering: true,
    deadLetterPolicy: { deadLetterTopic: dead.name, maxDeliveryAttempts: 10 },
  });
  await topic.createSubscription('other');
  const subscriber = connectSubscriber(before.server);

  const published: { id: string; text: string; key: string }[] = [];
  const add = async (key: string): Promise<void> => {
    const text = `message ${published.length}`;
    const id = await publish(topic, text, key || undefined);
    published.push({ id, text, key });
  };
  await add('');
  for (let failure = 0; failure < 2; failure += 1)
    await subscriber.nack((await subscriber.pull(1)).map(({ ackId }) => ackId));
  for (let count = 1; count < 100; count += 1)
    await add(['red', 'blue', '', ''][count % 4]!);
  const leased = await subscriber.pull(60);
  expect(leased).toHaveLength(60);
  const acknowledged = leased.filter((_, index) => index % 3 === 1);
  await subscriber.acknowledge(acknowledged.map(({ ackId }) => ackId));
  await subscriber.close();
  await before.server.stop();

  const after = await startServer({ clock, data });
  const inbox = new Inbox(after.client, 'sub', ack);
  const gone = new Set(acknowledged.map(({ text }) => text));
  const expected = published.filter(({ text }) => !gone.has(text));
  expect(expected).toHaveLength(80);
  await inbox.count(expected.length);
  for (const key of ['', 'red', 'blue'])
    expect(
      inbox.messages
        .filter(({ orderingKey }) => orderingKey === key)
        .map(({ id, data }) => ({ id, text: data.toString(), key })),
    ).toEqual(expected.filter((message) => message.key === key));
  const leasedOnce = new Set(leased.map(({ text }) => text));
  for (const { data, deliveryAttempt } of inbox.messages) {
    const text = data.toString();
    const deliveries = text === 'message 0' ? 3 : leasedOnce.has(text) ? 1 : 0;
    expect([text, deliveryAttempt]).toEqual([text, deliveries + 1]);
  }
  const other = new Inbox(after.client, 'other', ack);
  await other.count(published.length);
  expect(other.texts).toEqual(published.map(({ text }) => text));

  const id = await publish(after.client.topic('one'), 'new');
  expect(BigInt(id)).toBeGreaterThan(BigInt(published.at(-1)!.id));
  await inbox.until(() => inbox.texts.includes('new'));
  await eventually(() =>
    after.server
      .statistics()
      .subscriptions.every(({ backlog }) => backlog === 0),
  );
  expect(inbox.messages).toHaveLength(expected.length + 1);
  await inbox.close();
  await other.close();
});

it('delivers at once what was backing off, and large messages whole', async () => {
  const clock = new ControlledClock();
  const before = await startServer({ clock, data });
  const [topic] = await before.client.createTopic('one');
  await topic.createSubscription('sub', {
    retryPolicy: { minimumBackoff: { seconds: 60 } },
  });
  const subscriber = connectSubscriber(before.server);
  const payloads = [1, 2, 3].map((fill) => Buffer.alloc(200_000, fill));
  for (const data of payloads) await topic.publishMessage({ data });
  await subscriber.nack((await subscriber.pull(10)).map(({ ackId }) => ackId));
  await subscriber.close();
  await before.server.stop();

  const after = await startServer({ clock, data });
  const inbox = new Inbox(after.client, 'sub', ack);
  await inbox.count(3);
  expect(
    inbox.messages.map(({ data }, index) => data.equals(payloads[index]!)),
  ).toEqual([true, true, true]);
  await inbox.close();
});

it('keeps topics and subscriptions that hold no message, as they were configured', async () => {
  const before = await startServer({ data });
  const [topic] = await before.client.createTopic('one');
  const [doomed] = await before.client.createTopic('doomed');
  await topic.createSubscription('sub', {
    filter: 'attributes.kind = "a"',
    ackDeadlineSeconds: 77,
    deadLetterPolicy: { deadLetterTopic: doomed.name, maxDeliveryAttempts: 7 },
    retryPolicy: { minimumBackoff: { seconds: 1, nanos: 5e8 } },
    labels: { team: 'search' },
  });
  await doomed.createSubscription('orphan');
  await doomed.delete();
  const [configured] = await before.client.subscription('sub').getMetadata();
  await before.server.stop();

  const after = await startServer({ data });
  const [restored] = await after.client.subscription('sub').getMetadata();
  expect(restored).toEqual(configured);
  expect(
    (await after.client.subscription('orphan').getMetadata())[0].topic,
  ).toBe('_deleted-topic_');
  const inbox = new Inbox(after.client, 'sub', ack);
  for (const kind of ['b', 'a'])
    await after.client
      .topic('one')
      .publishMessage({ data: Buffer.from(kind), attributes: { kind } });
  await inbox.count(1);
  expect(inbox.texts).toEqual(['a']);
  await inbox.close();
});

it('survives one stop after another', async () => {
  const first = await startServer({ data });
  const [topic] = await first.client.createTopic('one');
  await topic.createSubscription('sub');
  await publish(topic, 'first');
  await first.server.stop();
  const second = await startServer({ data });
  await publish(second.client.topic('one'), 'second');
  await second.server.stop();
  const third = await startServer({ data });
  const inbox = new Inbox(third.client, 'sub', ack);
  await inbox.count(2);
  expect(inbox.texts).toEqual(['first', 'second']);
  await inbox.close();
});

it('confirms on the stream of an exactly-once subscription what a later server does not deliver again', async () => {
  const before = await startServer({ data });
  const [topic] = await before.client.createTopic('one');
  await topic.createSubscription('sub', { enableExactlyOnceDelivery: true });
  await publish(topic, 'kept');
  await publish(topic, 'confirmed');
  const inbox = new Inbox(before.client, 'sub', () => undefined);
  await inbox.count(2);
  const confirmed = inbox.messages.find(
    (message) => message.data.toString() === 'confirmed',
  );
  await expect(confirmed!.ackWithResponse()).resolves.toBe('SUCCESS');
  await inbox.close();
  await before.server.stop();

  const after = await startServer({ data });
  const later = new Inbox(after.client, 'sub', ack);
  await later.count(1);
  await eventually(() =>
    after.server
      .statistics()
      .subscriptions.every(({ backlog }) => backlog === 0),
  );
  expect(later.texts).toEqual(['kept']);
  await later.close();
});

it('forwards a dead letter once, however often it is started again', async () => {
  const clock = new ControlledClock();
  let { client, server } = await startServer({ clock, data });
  const [dead] = await client.createTopic('dead');
  await dead.createSubscription('desk');
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub', {
    deadLetterPolicy: { deadLetterTopic: dead.name, maxDeliveryAttempts: 5 },
  });
  await publish(topic, 'poison');
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const subscriber = connectSubscriber(server);
    const [delivery] = await subscriber.pull(1);
    await subscriber.nack([delivery!.ackId]);
    await subscriber.close();
    await server.stop();
    ({ client, server } = await startServer({ clock, data }));
  }
  expect(
    server
      .statistics()
      .subscriptions.map(({ name, backlog }) => [
        name.split('/').at(-1),
        backlog,
      ]),
  ).toEqual([
    ['desk', 1],
    ['sub', 0],
  ]);
  const desk = new Inbox(client, 'desk', ack);
  await desk.count(1);
  expect(desk.messages[0]).toMatchObject({
    attributes: { CloudPubSubDeadLetterSourceDeliveryCount: '5' },
  });
  await desk.close();
});

it('refuses a second server on the directory, and leaves it free when it cannot listen', async () => {
  const { server } = await startServer({ data });
  await expect(startPubSub({ data })).rejects.toBeInstanceOf(StorageInUseError);
  const other = join(directory, 'other');
  await expect(
    startPubSub({ port: server.port, data: other }),
  ).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await startServer({ data: other });
});
