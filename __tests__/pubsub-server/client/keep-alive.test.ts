import { v1 } from '@google-cloud/pubsub';
import { credentials } from '@grpc/grpc-js';
import { jest } from '@jest/globals';

import { ControlledClock } from '../controlled-clock.ts';
import { ack, eventually, Inbox, startServer, stopAll } from '../set-up.ts';

/** How often the client asks whether a silent stream still lives, in milliseconds. */
const INTERVAL = 30_000;

/** Ten minutes of silence. */
const KEEP_ALIVES = 20;

afterEach(async () => {
  jest.useRealTimers();
  await stopAll();
});

const setUp = async () => {
  const clock = new ControlledClock();
  const { client, server } = await startServer({ clock });
  const [topic] = await client.createTopic('one');
  const [sub] = await topic.createSubscription('sub');
  const statistics = () => server.statistics().subscriptions[0]!;
  return { clock, client, server, topic, sub, statistics };
};

it('answers each of twenty empty requests with one empty response, and the stream still delivers', async () => {
  const { clock, server, topic, sub } = await setUp();
  const subscriber = new v1.SubscriberClient({
    servicePath: '127.0.0.1',
    port: server.port,
    sslCreds: credentials.createInsecure(),
  });
  const stream = subscriber.streamingPull();
  const responses: { receivedMessages: unknown[] }[] = [];
  const failures: unknown[] = [];
  stream.on('data', (response: { receivedMessages: unknown[] }) => {
    responses.push(response);
  });
  stream.on('error', (error: unknown) => {
    failures.push(error);
  });
  stream.write({
    subscription: sub.name,
    streamAckDeadlineSeconds: 10,
    protocolVersion: 1,
  });
  await eventually(() => responses.length === 1);
  for (let sent = 1; sent <= KEEP_ALIVES; sent += 1) {
    clock.advance(INTERVAL);
    stream.write({});
    await eventually(() => responses.length === 1 + sent);
  }
  expect(responses.slice(1)).toEqual(
    new Array(KEEP_ALIVES).fill(
      expect.objectContaining({
        receivedMessages: [],
        subscriptionProperties: {
          exactlyOnceDeliveryEnabled: false,
          messageOrderingEnabled: false,
        },
      }),
    ),
  );
  await topic.publishMessage({ data: Buffer.from('x') });
  await eventually(() => responses.length === 2 + KEEP_ALIVES);
  expect(responses.at(-1)!.receivedMessages).toHaveLength(1);
  expect(failures).toEqual([]);
  stream.cancel();
  await subscriber.close();
});

/** The client's own streams, which it replaces when one does not answer its keep-alive in time. */
const streamsOf = (inbox: Inbox): readonly NodeJS.ReadableStream[] =>
  (
    inbox.subscription as unknown as {
      _subscriber: {
        _stream: { _streams: { stream: NodeJS.ReadableStream }[] };
      };
    }
  )._subscriber._stream._streams.map(({ stream }) => stream);

it('holds all streams of the client open over ten minutes of silence', async () => {
  const { clock, client, topic, statistics } = await setUp();
  jest.useFakeTimers({
    doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask'],
  });
  const inbox = new Inbox(client, 'sub', ack, {
    streamingOptions: { maxStreams: 5 },
  });
  await eventually(() => statistics().openStreams === 5);
  const streams = streamsOf(inbox);
  let answers = 0;
  for (const stream of streams)
    stream.on('data', () => {
      answers += 1;
    });
  await eventually(() => answers >= streams.length);
  for (let asked = 1; asked <= KEEP_ALIVES; asked += 1) {
    const before = answers;
    clock.advance(INTERVAL);
    // Also looks whether the last keep-alives were answered, 15 s after them.
    await jest.advanceTimersByTimeAsync(INTERVAL);
    await eventually(() => answers === before + streams.length);
  }
  const replaced = streamsOf(inbox).filter(
    (stream, index) => stream !== streams[index],
  );
  expect(replaced.length).toBe(0);
  expect(statistics().openStreams).toBe(5);
  jest.useRealTimers();
  await topic.publishMessage({ data: Buffer.from('x') });
  await inbox.count(1);
  expect(inbox.errors).toEqual([]);
  await inbox.close();
});
