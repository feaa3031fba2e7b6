import { status } from '@grpc/grpc-js';

import { pubsub } from '../../../src/pubsub-server/codecs.ts';
import { startServer, stopAll } from '../set-up.ts';
import { allMethods, pathOf, RawClient } from './raw-client.ts';
import { SeededRandom } from './seeded-random.ts';

const clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await stopAll();
});

const setUp = async () => {
  const { client, server } = await startServer();
  const [topic] = await client.createTopic('one');
  const [sub] = await topic.createSubscription('sub');
  await sub.createSnapshot('snap');
  const raw = new RawClient(server.address);
  clients.push(raw);
  return { client, server, topic, sub, raw };
};

/** What a client may be told of bytes that make no sense; anything else is a fault of the server. */
const refusals: ReadonlySet<status> = new Set([
  status.OK,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.FAILED_PRECONDITION,
  status.UNIMPLEMENTED,
]);

const streamingPull = '/google.pubsub.v1.Subscriber/StreamingPull';

describe('random bytes as the request', () => {
  it.each(allMethods().map((method) => [pathOf(method)]))(
    'of %s are refused, and the server goes on',
    async (path) => {
      const { raw, client } = await setUp();
      const random = new SeededRandom();
      const bodies = Array.from({ length: 60 }, () =>
        random.bytes(random.integer(64)),
      );
      const outcomes = await Promise.all(
        bodies.map((body) => raw.call(path, body)),
      );
      const wrong = outcomes
        .map((outcome, index) => ({
          ...outcome,
          seed: random.seed,
          body: bodies[index]?.toString('hex'),
        }))
        .filter(({ code }) => !refusals.has(code));
      expect(wrong.slice(0, 3)).toEqual([]);
      expect(await client.topic('one').exists()).toEqual([true]);
    },
  );

  it('of a stream end it, and the server goes on', async () => {
    const { raw, client, server } = await setUp();
    const random = new SeededRandom();
    const bodies = Array.from({ length: 60 }, () =>
      random.bytes(1 + random.integer(64)),
    );
    const outcomes = await Promise.all(
      bodies.map((body) => raw.stream(streamingPull, body)),
    );
    const wrong = outcomes
      .map((outcome, index) => ({
        ...outcome,
        seed: random.seed,
        body: bodies[index]?.toString('hex'),
      }))
      .filter(({ code }) => !refusals.has(code) || code === status.OK);
    expect(wrong.slice(0, 3)).toEqual([]);
    expect(await client.topic('one').exists()).toEqual([true]);
    expect(server.statistics().subscriptions[0]!.openStreams).toBe(0);
  });
});

const names = {
  topic: 'projects/test/topics/one',
  subscription: 'projects/test/subscriptions/sub',
  snapshot: 'projects/test/snapshots/snap',
};

/** A good request of each method that changes or reads what the set-up made. */
const goodRequests: readonly (readonly [string, Uint8Array])[] = [
  [
    'Publisher/CreateTopic',
    pubsub.Topic.encode({
      name: 'projects/test/topics/two',
      labels: { a: 'b' },
      messageRetentionDuration: { seconds: 3600, nanos: 5 },
    }).finish(),
  ],
  [
    'Publisher/UpdateTopic',
    pubsub.UpdateTopicRequest.encode({
      topic: { name: names.topic, labels: { a: 'b' } },
      updateMask: { paths: ['labels', 'message_retention_duration'] },
    }).finish(),
  ],
  [
    'Publisher/Publish',
    pubsub.PublishRequest.encode({
      topic: names.topic,
      messages: [
        {
          data: Buffer.from('some data'),
          attributes: { key: 'value', other: 'one' },
          orderingKey: 'key',
        },
      ],
    }).finish(),
  ],
  [
    'Publisher/ListTopics',
    pubsub.ListTopicsRequest.encode({
      project: 'projects/test',
      pageSize: 5,
      pageToken: 'token',
    }).finish(),
  ],
  [
    'Subscriber/CreateSubscription',
    pubsub.Subscription.encode({
      name: 'projects/test/subscriptions/two',
      topic: names.topic,
      ackDeadlineSeconds: 20,
      filter: 'attributes.key = "value" AND NOT attributes:other',
      labels: { a: 'b' },
      expirationPolicy: { ttl: { seconds: 100_000 } },
      retryPolicy: {
        minimumBackoff: { seconds: 1 },
        maximumBackoff: { seconds: 20, nanos: 7 },
      },
      deadLetterPolicy: {
        deadLetterTopic: names.topic,
        maxDeliveryAttempts: 6,
      },
      messageRetentionDuration: { seconds: 3600 },
    }).finish(),
  ],
  [
    'Subscriber/UpdateSubscription',
    pubsub.UpdateSubscriptionRequest.encode({
      subscription: {
        name: names.subscription,
        ackDeadlineSeconds: 20,
        retryPolicy: { minimumBackoff: { seconds: 1 } },
      },
      updateMask: {
        paths: ['ack_deadline_seconds', 'retry_policy.minimum_backoff'],
      },
    }).finish(),
  ],
  [
    'Subscriber/ModifyAckDeadline',
    pubsub.ModifyAckDeadlineRequest.encode({
      subscription: names.subscription,
      ackIds: ['abc-1-1', 'abc-1-2'],
      ackDeadlineSeconds: 20,
    }).finish(),
  ],
  [
    'Subscriber/Acknowledge',
    pubsub.AcknowledgeRequest.encode({
      subscription: names.subscription,
      ackIds: ['abc-1-1', 'abc-1-2'],
    }).finish(),
  ],
  [
    'Subscriber/Pull',
    pubsub.PullRequest.encode({
      subscription: names.subscription,
      maxMessages: 10,
      returnImmediately: true,
    }).finish(),
  ],
  [
    'Subscriber/CreateSnapshot',
    pubsub.CreateSnapshotRequest.encode({
      name: 'projects/test/snapshots/two',
      subscription: names.subscription,
      labels: { a: 'b' },
    }).finish(),
  ],
  [
    'Subscriber/UpdateSnapshot',
    pubsub.UpdateSnapshotRequest.encode({
      snapshot: {
        name: names.snapshot,
        expireTime: { seconds: 4_000_000_000 },
      },
      updateMask: { paths: ['expire_time'] },
    }).finish(),
  ],
  [
    'Subscriber/Seek',
    pubsub.SeekRequest.encode({
      subscription: names.subscription,
      time: { seconds: 1_700_000_000, nanos: 17 },
    }).finish(),
  ],
];

/** A few bytes of a good request changed, cut out or doubled. */
const damaged = (good: Uint8Array, random: SeededRandom): Buffer => {
  let bytes = Buffer.from(good);
  for (let times = 1 + random.integer(3); times > 0; times -= 1) {
    const at = random.integer(bytes.length);
    switch (random.integer(3)) {
      case 0:
        bytes[at] = random.integer(256);
        break;
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
        break;
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at >> 1)]);
    }
    if (bytes.length === 0) break;
  }
  return bytes;
};

describe('a damaged request', () => {
  it.each(goodRequests)(
    'of %s is no fault of the server',
    async (name, good) => {
      const { raw, client } = await setUp();
      const path = `/google.pubsub.v1.${name}`;
      const random = new SeededRandom();
      const bodies = Array.from({ length: 150 }, () =>
        damaged(good, random),
      ).map((body) =>
        // A pull that lost the wish to return at once would wait.
        name === 'Subscriber/Pull'
          ? Buffer.concat([body, Buffer.of(0x10, 0x01)])
          : body,
      );
      const outcomes = await Promise.all(
        bodies.map((body) => raw.call(path, body)),
      );
      const wrong = outcomes
        .map((outcome, index) => ({
          ...outcome,
          seed: random.seed,
          body: bodies[index]?.toString('hex'),
        }))
        .filter(({ code }) => !refusals.has(code));
      expect(wrong.slice(0, 3)).toEqual([]);
      expect(
        outcomes.some(({ code }) => code === status.INVALID_ARGUMENT),
      ).toBe(true);
      await client.createTopic('afterwards');
    },
  );
});

/** A varint field with a number that no version of the API has. */
const unknownField = Buffer.of(0xc0, 0x3e, 0x2a);

describe('a field that the API does not know', () => {
  it.each(goodRequests)('in a request of %s is ignored', async (name, good) => {
    const { raw, client } = await setUp();
    if (name.endsWith('Seek') || name.endsWith('CreateSnapshot'))
      await client.topic('one').publishMessage({ data: Buffer.from('x') });
    expect(
      await raw.call(
        `/google.pubsub.v1.${name}`,
        Buffer.concat([good, unknownField]),
      ),
    ).toEqual({ code: status.OK, details: '' });
  });

  it('in a message is kept, as the message is', async () => {
    const { raw, sub } = await setUp();
    const message = Buffer.concat([
      pubsub.PubsubMessage.encode({ data: Buffer.from('x') }).finish(),
      unknownField,
    ]);
    const request = Buffer.concat([
      pubsub.PublishRequest.encode({ topic: names.topic }).finish(),
      Buffer.of(0x12, message.length),
      message,
    ]);
    expect(
      await raw.call('/google.pubsub.v1.Publisher/Publish', request),
    ).toMatchObject({ code: status.OK });
    const received = Promise.withResolvers<Buffer>();
    sub.on('message', (each) => {
      each.ack();
      received.resolve(each.data);
    });
    expect((await received.promise).toString()).toBe('x');
    await sub.close();
  });
});

it('answers UNIMPLEMENTED to a method that there is not', async () => {
  const { raw } = await setUp();
  expect(
    await raw.call('/google.pubsub.v1.Publisher/Invent', Buffer.of()),
  ).toMatchObject({ code: status.UNIMPLEMENTED });
  expect(await raw.call('/no.such.Service/At', Buffer.of())).toMatchObject({
    code: status.UNIMPLEMENTED,
  });
});

it.each([
  ['a megabyte', 'x'.repeat(1_000_000)],
  ['control characters', '\u0000\r\ngrpc-status: 0\r\n'],
  ['percent signs', '%%%ZZ'],
  ['characters outside ASCII', '\u{1F600}\u00e9\u4e2d'],
])(
  'refuses a name that has %s, in words that fit into an answer',
  async (_, name) => {
    const { raw, client } = await setUp();
    for (const [method, request] of [
      ['Publisher/GetTopic', pubsub.GetTopicRequest.encode({ topic: name })],
      ['Publisher/CreateTopic', pubsub.Topic.encode({ name })],
      [
        'Subscriber/Acknowledge',
        pubsub.AcknowledgeRequest.encode({
          subscription: names.subscription,
          ackIds: [name],
        }),
      ],
    ] as const) {
      const { code } = await raw.call(
        `/google.pubsub.v1.${method}`,
        Buffer.from(request.finish()),
      );
      expect([status.INVALID_ARGUMENT, status.NOT_FOUND]).toContain(code);
    }
    expect(await client.topic('one').exists()).toEqual([true]);
  },
);

it('refuses text that is no UTF-8, and goes on', async () => {
  const { raw, client } = await setUp();
  // Half of a surrogate pair as three bytes: no UTF-8, and no text that a header could carry.
  const half = Buffer.of(0xed, 0xa0, 0x80);
  const outcome = await raw.call(
    '/google.pubsub.v1.Publisher/GetTopic',
    Buffer.concat([Buffer.of(0x0a, half.length), half]),
  );
  expect([status.INVALID_ARGUMENT, status.NOT_FOUND]).toContain(outcome.code);
  expect(await client.topic('one').exists()).toEqual([true]);
});
