import { type AckError, AckResponses, v1 } from '@google-cloud/pubsub';
import { credentials, status } from '@grpc/grpc-js';

import { pubsub } from '../../../src/pubsub-server/codecs.ts';
import { ControlledClock } from '../controlled-clock.ts';
import { ack, eventually, Inbox, startServer, stopAll } from '../set-up.ts';
import { RawClient } from './raw-client.ts';

const clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await stopAll();
});

const topic = 'projects/test/topics/one';

const setUp = async () => {
  const clock = new ControlledClock();
  const { client, server } = await startServer({ clock });
  const [created] = await client.createTopic('one');
  await created.createSubscription('sub');
  const raw = new RawClient(server.address);
  clients.push(raw);
  const publish = (messages: object[]) =>
    raw.call(
      '/google.pubsub.v1.Publisher/Publish',
      Buffer.from(pubsub.PublishRequest.encode({ topic, messages }).finish()),
    );
  const backlog = () => server.statistics().subscriptions[0]!.backlog;
  return { clock, client, server, raw, publish, backlog };
};

const attributes = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, number) => [`key-${number}`, 'value']),
  );

const megabyte = 1024 * 1024;

describe('publish takes up to its limits, and nothing beyond them', () => {
  const data = Buffer.from('x');
  const cases: readonly (readonly [string, object[], object[], string])[] = [
    [
      '1,000 messages',
      Array.from({ length: 1000 }, () => ({ data })),
      Array.from({ length: 1001 }, () => ({ data })),
      'message_count is too large. You passed 1001',
    ],
    [
      '10 MB',
      [{ data: Buffer.alloc(10 * megabyte - 100) }],
      [{ data: Buffer.alloc(10 * megabyte) }],
      'request_size is too large',
    ],
    [
      'an ordering key of 1,024 bytes',
      [{ data, orderingKey: 'é'.repeat(512) }],
      [{ data, orderingKey: `${'é'.repeat(512)}x` }],
      'ordering_key_size is too large. You passed 1025',
    ],
    [
      '100 attributes',
      [{ attributes: attributes(100) }],
      [{ attributes: attributes(101) }],
      'num_attributes is too large. You passed 101',
    ],
    [
      'an attribute key of 256 bytes',
      [{ attributes: { ['é'.repeat(128)]: 'value' } }],
      [{ attributes: { [`${'é'.repeat(128)}x`]: 'value' } }],
      'attribute_key_size is too large. You passed 257',
    ],
    [
      'an attribute value of 1,024 bytes',
      [{ attributes: { key: 'é'.repeat(512) } }],
      [{ attributes: { key: `${'é'.repeat(512)}x` } }],
      'attribute_value_size is too large. You passed 1025',
    ],
  ];

  it.each(cases)('%s', async (_, within, beyond, words) => {
    const { publish, backlog } = await setUp();
    expect(await publish(within)).toEqual({ code: status.OK, details: '' });
    expect(backlog()).toBe(within.length);
    expect(await publish(beyond)).toEqual({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining(words),
    });
    expect(backlog()).toBe(within.length);
  });

  it('not one message of a request of which one is refused', async () => {
    const { publish, backlog } = await setUp();
    expect(
      await publish([{ data }, { attributes: { '': 'x' } }, { data }]),
    ).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(await publish([{ data }, {}])).toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
    expect(
      await publish([
        { data, orderingKey: 'a' },
        { data, orderingKey: 'b' },
      ]),
    ).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(await publish([])).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(backlog()).toBe(0);
  });

  it('a request of 33 MB, which is more than is even read', async () => {
    const { publish, backlog } = await setUp();
    expect(
      await publish([{ data: Buffer.alloc(33 * megabyte) }]),
    ).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect(await publish([{ data }])).toMatchObject({ code: status.OK });
    expect(backlog()).toBe(1);
  });
});

describe('names', () => {
  const invalid = [
    '',
    'one',
    'projects/test/topics/',
    'projects/test/topics/ab',
    'projects/test/topics/1abc',
    'projects/test/topics/google',
    `projects/test/topics/${'a'.repeat(256)}`,
    'projects/test/topics/with space',
    'projects/test/topics/with/slash',
    'projects/test/topics/ümlaut',
    'projects//topics/name',
    'projects/test/subscriptions/name',
    'projects/test/topics/name\n',
    'PROJECTS/test/topics/name',
  ];

  it.each(invalid)('%j is refused for a topic', async (name) => {
    const { raw } = await setUp();
    expect(
      await raw.call(
        '/google.pubsub.v1.Publisher/CreateTopic',
        Buffer.from(pubsub.Topic.encode({ name }).finish()),
      ),
    ).toEqual({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('Invalid resource name given'),
    });
  });

  it.each(invalid.filter((name) => name !== ''))(
    '%j is refused for a snapshot and a subscription',
    async (name) => {
      const { raw } = await setUp();
      const good = /^projects\/test\/subscriptions\/name$/;
      // What is a good name of the one is a bad name of the other.
      const ofSnapshot = good.test(name)
        ? name
        : name.replace('topics', 'snapshots');
      const ofSubscription = good.test(name)
        ? 'projects/test/topics/name'
        : name.replace('topics', 'subscriptions');
      expect(
        await raw.call(
          '/google.pubsub.v1.Subscriber/CreateSnapshot',
          Buffer.from(
            pubsub.CreateSnapshotRequest.encode({
              name: ofSnapshot,
              subscription: 'projects/test/subscriptions/sub',
            }).finish(),
          ),
        ),
      ).toMatchObject({ code: status.INVALID_ARGUMENT });
      expect(
        await raw.call(
          '/google.pubsub.v1.Subscriber/CreateSubscription',
          Buffer.from(
            pubsub.Subscription.encode({
              name: ofSubscription,
              topic,
            }).finish(),
          ),
        ),
      ).toMatchObject({ code: status.INVALID_ARGUMENT });
    },
  );

  it.each([
    'projects/test/topics/abc',
    'projects/test/topics/a-b_c.d~e+f%g',
    `projects/test/topics/${'a'.repeat(255)}`,
  ])('%j is taken', async (name) => {
    const { raw } = await setUp();
    expect(
      await raw.call(
        '/google.pubsub.v1.Publisher/CreateTopic',
        Buffer.from(pubsub.Topic.encode({ name }).finish()),
      ),
    ).toMatchObject({ code: status.OK });
  });
});

const subscriberOf = (port: number) =>
  new v1.SubscriberClient({
    servicePath: '127.0.0.1',
    port,
    sslCreds: credentials.createInsecure(),
  });

describe('acknowledgements', () => {
  it('of 2,500 expired leases are refused, by name as far as an answer holds names', async () => {
    const { clock, client, publish, server } = await setUp();
    const count = 2500;
    await client.topic('one').createSubscription('once', {
      enableExactlyOnceDelivery: true,
    });
    for (let sent = 0; sent < count; sent += 500)
      await publish(
        Array.from({ length: 500 }, () => ({ data: Buffer.from('x') })),
      );
    const subscriber = subscriberOf(server.port);
    const subscription = 'projects/test/subscriptions/once';
    const ackIds: string[] = [];
    while (ackIds.length < count) {
      const [{ receivedMessages }] = await subscriber.pull({
        subscription,
        maxMessages: 1000,
      });
      for (const { ackId } of receivedMessages ?? []) ackIds.push(ackId!);
    }
    clock.advance(60_000);
    const refusal: unknown = await subscriber
      .acknowledge({ subscription, ackIds })
      .catch((error: unknown) => error);
    // Clients send again what is left out.
    expect(refusal).toMatchObject({ code: status.ABORTED });
    const { errorInfoMetadata } = refusal as { errorInfoMetadata: object };
    const named = Object.keys(errorInfoMetadata);
    expect(named.length).toBeGreaterThan(500);
    expect(ackIds.slice(0, named.length).sort()).toEqual(named.sort());
    await subscriber.close();
  });

  it('of many expired leases each fail for good in the client, too', async () => {
    const { clock, client, publish } = await setUp();
    const count = 1000;
    await client.topic('one').createSubscription('once', {
      enableExactlyOnceDelivery: true,
    });
    await publish(
      Array.from({ length: count }, () => ({ data: Buffer.from('x') })),
    );
    const inbox = new Inbox(client, 'once', () => undefined, {
      flowControl: { maxMessages: 5 * count },
    });
    await inbox.count(count);
    const first = inbox.messages.slice();
    clock.advance(61_000);
    await inbox.count(count + 1);
    const outcomes = await Promise.allSettled(
      first.map((message) => message.ackWithResponse()),
    );
    expect(
      new Set(
        outcomes.map((outcome) =>
          outcome.status === 'rejected'
            ? (outcome.reason as AckError).errorCode
            : outcome.value,
        ),
      ),
    ).toEqual(new Set([AckResponses.Invalid]));
    await inbox.close();
  });

  it('of another subscription, of no subscription and with ids out of thin air change nothing', async () => {
    const { client, publish, server } = await setUp();
    await client.topic('one').createSubscription('other');
    await publish([{ data: Buffer.from('x') }]);
    const subscriber = subscriberOf(server.port);
    const [{ receivedMessages }] = await subscriber.pull({
      subscription: 'projects/test/subscriptions/sub',
      maxMessages: 1,
    });
    const ackId = receivedMessages![0]!.ackId!;
    const other = 'projects/test/subscriptions/other';
    await subscriber.acknowledge({ subscription: other, ackIds: [ackId] });
    await subscriber.acknowledge({
      subscription: other,
      ackIds: [
        ackId.replace(/\d+$/, '99999999999999999999'),
        ackId.replace(/\d/g, '9'),
      ],
    });
    expect(
      server.statistics().subscriptions.map(({ backlog }) => backlog),
    ).toEqual([1, 1]);
    await subscriber.close();
  });
});

it('delivers a message of 10 MB whole', async () => {
  const { client, publish, backlog } = await setUp();
  const size = 10 * megabyte - 100;
  await publish([{ data: Buffer.alloc(size, 7) }]);
  const inbox = new Inbox(client, 'sub', ack);
  await inbox.count(1);
  expect(inbox.messages[0]!.data.equals(Buffer.alloc(size, 7))).toBe(true);
  await eventually(() => backlog() === 0);
  await inbox.close();
});
