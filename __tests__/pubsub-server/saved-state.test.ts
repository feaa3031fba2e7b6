import {
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Topic, v1 } from '@google-cloud/pubsub';
import { credentials } from '@grpc/grpc-js';

import {
  type PubSubServer,
  startPubSub,
  StateFileNotWrittenError,
  StateFileRefusedError,
} from '../../src/pubsub-server/index.ts';
import { ControlledClock } from './controlled-clock.ts';
import { ack, eventually, Inbox, startServer, stopAll } from './set-up.ts';

let directory: string;
let stateFile: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pubsub-state-'));
  stateFile = join(directory, 'pubsub.state');
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
  const before = await startServer({ clock, stateFile });
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
  expect((await stat(stateFile)).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual(['pubsub.state']);

  const after = await startServer({ clock, stateFile });
  expect(await readdir(directory)).toEqual([]);
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

it('delivers at once what was backing off, and more than one file frame holds', async () => {
  const clock = new ControlledClock();
  const before = await startServer({ clock, stateFile });
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

  const after = await startServer({ clock, stateFile });
  const inbox = new Inbox(after.client, 'sub', ack);
  await inbox.count(3);
  expect(
    inbox.messages.map(({ data }, index) => data.equals(payloads[index]!)),
  ).toEqual([true, true, true]);
  await inbox.close();
});

it('keeps topics and subscriptions that hold no message, as they were configured', async () => {
  const before = await startServer({ stateFile });
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

  const after = await startServer({ stateFile });
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
  const first = await startServer({ stateFile });
  const [topic] = await first.client.createTopic('one');
  await topic.createSubscription('sub');
  await publish(topic, 'first');
  await first.server.stop();
  const second = await startServer({ stateFile });
  await publish(second.client.topic('one'), 'second');
  await second.server.stop();
  const third = await startServer({ stateFile });
  const inbox = new Inbox(third.client, 'sub', ack);
  await inbox.count(2);
  expect(inbox.texts).toEqual(['first', 'second']);
  await inbox.close();
});

/** A file with a message in it, as a server leaves it. */
const savedState = async (): Promise<Buffer> => {
  const { client, server } = await startServer({ stateFile });
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub');
  await publish(topic, 'precious');
  await server.stop();
  return readFile(stateFile);
};

const VERSION_AT = 'nightshift-pubsub-state\n'.length;

it.each<[string, string, (saved: Buffer) => Buffer]>([
  [
    'with a byte changed',
    'damaged or cut short',
    (saved) => {
      saved[saved.indexOf('precious')]! ^= 1;
      return saved;
    },
  ],
  [
    'cut in the middle',
    'damaged or cut short',
    (saved) => saved.subarray(0, saved.length >> 1),
  ],
  [
    'cut after its header',
    'damaged or cut short',
    (saved) => saved.subarray(0, VERSION_AT + 4),
  ],
  [
    'without its last bytes',
    'damaged or cut short',
    (saved) => saved.subarray(0, saved.length - 8),
  ],
  [
    'of another version',
    'expected format version 1, got: 2',
    (saved) => {
      saved.writeUInt32BE(2, VERSION_AT);
      return saved;
    },
  ],
  [
    'that is none',
    'expected the saved state of a local Pub/Sub server, got something else',
    () => Buffer.from('{ "this": "is something else altogether" }'),
  ],
  ['that is empty', 'got something else', () => Buffer.alloc(0)],
])(
  'refuses a state file %s, names it, and leaves it alone',
  async (_, reason, change) => {
    const given = change(await savedState());
    await writeFile(stateFile, given);
    const error = await startPubSub({ stateFile }).then(
      () => undefined,
      (refusal: unknown) => refusal,
    );
    expect(error).toBeInstanceOf(StateFileRefusedError);
    expect(error).toMatchObject({
      file: stateFile,
      message: expect.stringContaining(reason),
    });
    expect((error as Error).message).toContain(stateFile);
    expect((error as Error).message).toContain('move it away');
    expect((await readFile(stateFile)).equals(given)).toBe(true);
  },
);

it('keeps the state file when it cannot listen', async () => {
  const saved = await savedState();
  const { server } = await startServer();
  await expect(
    startPubSub({ port: server.port, stateFile }),
  ).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect((await readFile(stateFile)).equals(saved)).toBe(true);
});

it('says that the state was lost when its directory has become a file', async () => {
  const place = join(directory, 'place');
  const file = join(place, 'pubsub.state');
  const server = await startPubSub({ stateFile: file });
  await writeFile(place, '');
  await expect(server.stop()).rejects.toMatchObject({
    name: StateFileNotWrittenError.name,
    file,
    cause: expect.objectContaining({ code: 'EEXIST' }),
  });
});
