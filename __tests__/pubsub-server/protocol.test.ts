import { connect as connectHttp2 } from 'node:http2';

import { v1 } from '@google-cloud/pubsub';
import { credentials, status } from '@grpc/grpc-js';

import { pubsub } from '../../src/pubsub-server/codecs.ts';
import { ControlledClock } from './controlled-clock.ts';
import { ack, eventually, Inbox, startServer, stopAll } from './set-up.ts';

const subscription = 'projects/test/subscriptions/sub';
const clients: v1.SubscriberClient[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await stopAll();
});

/** The generated client without the Subscriber class, which hides the protocol. */
const setUp = async (
  subscriptionOptions = {},
  clock = new ControlledClock(),
) => {
  const { client, server, connect } = await startServer({ clock });
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub', subscriptionOptions);
  const subscriber = new v1.SubscriberClient({
    servicePath: '127.0.0.1',
    port: server.port,
    sslCreds: credentials.createInsecure(),
  });
  clients.push(subscriber);
  const publish = (text: string) =>
    topic.publishMessage({ data: Buffer.from(text) });
  return { client, connect, server, clock, subscriber, publish };
};

interface Response {
  readonly receivedMessages: { ackId: string; message: { data: Buffer } }[];
  readonly subscriptionProperties: object | null;
}

/** A stream whose responses are taken one by one. */
class OpenStream {
  readonly call: ReturnType<v1.SubscriberClient['streamingPull']>;
  readonly ended: Promise<unknown>;
  readonly #responses: Response[] = [];
  #wake = Promise.withResolvers<void>();

  constructor(subscriber: v1.SubscriberClient, request: object) {
    this.call = subscriber.streamingPull();
    this.ended = new Promise((resolve) => {
      this.call.on('error', resolve);
      this.call.on('end', () => {
        resolve('OK');
      });
    });
    this.call.on('data', (response: Response) => {
      this.#responses.push(response);
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    });
    this.call.write({ subscription, streamAckDeadlineSeconds: 10, ...request });
  }

  async next(): Promise<Response> {
    while (this.#responses.length === 0) await this.#wake.promise;
    return this.#responses.shift()!;
  }

  /** The next message, whatever empty responses come before it. */
  async message(): Promise<{ ackId: string; text: string }> {
    for (;;) {
      const { receivedMessages } = await this.next();
      const [first, ...rest] = receivedMessages;
      if (rest.length > 0)
        this.#responses.unshift({
          receivedMessages: rest,
          subscriptionProperties: null,
        });
      if (first !== undefined)
        return { ackId: first.ackId, text: String(first.message.data) };
    }
  }
}

/** Opens a stream and takes its first response, which has the subscription's properties. */
const open = async (subscriber: v1.SubscriberClient, request = {}) => {
  const stream = new OpenStream(subscriber, request);
  return { stream, first: await stream.next() };
};

describe('pull', () => {
  it('answers at once with what there is, up to max_messages', async () => {
    const { subscriber, publish } = await setUp();
    for (const text of ['a', 'b', 'c']) await publish(text);
    const [first] = await subscriber.pull({ subscription, maxMessages: 2 });
    const [second] = await subscriber.pull({ subscription, maxMessages: 2 });
    const texts = [first, second].map(({ receivedMessages }) =>
      receivedMessages?.map(({ message }) => String(message?.data)),
    );
    expect(texts).toEqual([['a', 'b'], ['c']]);
  });

  it('waits for a first message', async () => {
    const { subscriber, publish } = await setUp();
    const pulling = subscriber.pull({ subscription, maxMessages: 10 });
    await publish('late');
    const [{ receivedMessages }] = await pulling;
    expect(String(receivedMessages?.[0]?.message?.data)).toBe('late');
  });

  it('answers with nothing when asked to return immediately', async () => {
    const { subscriber } = await setUp();
    const [{ receivedMessages }] = await subscriber.pull({
      subscription,
      maxMessages: 10,
      returnImmediately: true,
    });
    expect(receivedMessages).toEqual([]);
  });

  it('refuses max_messages below 1', async () => {
    const { subscriber } = await setUp();
    await expect(
      subscriber.pull({ subscription, maxMessages: 0 }),
    ).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('max_messages is too small'),
    });
  });

  it('delivers what was pulled by a caller that vanished once its lease is over', async () => {
    const { subscriber, publish, clock } = await setUp();
    await publish('x');
    await subscriber.pull({ subscription, maxMessages: 1 });
    clock.advance(10_000);
    const [{ receivedMessages }] = await subscriber.pull({
      subscription,
      maxMessages: 1,
    });
    expect(receivedMessages).toHaveLength(1);
  });
});

describe('acknowledge and modifyAckDeadline', () => {
  it('extends, gives back and acknowledges a lease', async () => {
    const { subscriber, publish, clock, server } = await setUp();
    await publish('x');
    const pull = async () => {
      const [{ receivedMessages }] = await subscriber.pull({
        subscription,
        maxMessages: 1,
        returnImmediately: true,
      });
      return receivedMessages?.map(({ ackId }) => ackId ?? '') ?? [];
    };
    const ackIds = await pull();
    await subscriber.modifyAckDeadline({
      subscription,
      ackIds,
      ackDeadlineSeconds: 600,
    });
    clock.advance(599_000);
    expect(await pull()).toEqual([]);
    await subscriber.modifyAckDeadline({
      subscription,
      ackIds,
      ackDeadlineSeconds: 0,
    });
    const again = await pull();
    expect(again).toHaveLength(1);
    expect(again).not.toEqual(ackIds);
    await subscriber.acknowledge({ subscription, ackIds: again });
    expect(server.statistics().subscriptions[0]?.backlog).toBe(0);
  });

  it('refuses a deadline out of range, a malformed ack id and none at all', async () => {
    const { subscriber } = await setUp();
    await expect(
      subscriber.modifyAckDeadline({
        subscription,
        ackIds: ['a-1-1'],
        ackDeadlineSeconds: 601,
      }),
    ).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    await expect(
      subscriber.acknowledge({ subscription, ackIds: ['no ack id'] }),
    ).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details:
        'You have passed an invalid ack ID to the service (ack_id=no ack id).',
    });
    await expect(
      subscriber.acknowledge({ subscription, ackIds: [] }),
    ).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('ignores ids of messages that are gone', async () => {
    const { subscriber } = await setUp();
    await subscriber.acknowledge({ subscription, ackIds: ['a-1-1'] });
  });
});

describe('streamingPull', () => {
  it('first tells the properties of the subscription', async () => {
    const { subscriber } = await setUp({ enableMessageOrdering: true });
    const { stream, first } = await open(subscriber);
    expect(first.subscriptionProperties).toEqual({
      exactlyOnceDeliveryEnabled: false,
      messageOrderingEnabled: true,
    });
    stream.call.cancel();
  });

  // Clients in Go and Java take a response without properties for one that turns order off.
  it('tells the properties with every message and every keep-alive, and says when they change', async () => {
    const { client, subscriber, publish } = await setUp({
      enableExactlyOnceDelivery: true,
      enableMessageOrdering: true,
    });
    const { stream } = await open(subscriber);
    const properties = {
      exactlyOnceDeliveryEnabled: true,
      messageOrderingEnabled: true,
    };
    await publish('a');
    const delivery = await stream.next();
    stream.call.write({ ackIds: [delivery.receivedMessages[0]!.ackId] });
    const confirmation = await stream.next();
    stream.call.write({});
    const keptAlive = await stream.next();
    for (const response of [delivery, confirmation, keptAlive])
      expect(response.subscriptionProperties).toEqual(properties);
    await client
      .subscription('sub')
      .setMetadata({ enableExactlyOnceDelivery: false });
    await publish('b');
    expect((await stream.next()).subscriptionProperties).toEqual({
      ...properties,
      exactlyOnceDeliveryEnabled: false,
    });
    stream.call.cancel();
  });

  it('answers a keep-alive with an empty response', async () => {
    const { subscriber } = await setUp();
    const { stream } = await open(subscriber, { protocolVersion: 1 });
    stream.call.write({});
    expect((await stream.next()).receivedMessages).toEqual([]);
    stream.call.cancel();
  });

  it('takes acknowledgements and nacks on the stream', async () => {
    const { subscriber, publish, server } = await setUp();
    const { stream } = await open(subscriber);
    await publish('x');
    const first = await stream.message();
    stream.call.write({
      modifyDeadlineAckIds: [first.ackId],
      modifyDeadlineSeconds: [0],
    });
    const again = await stream.message();
    stream.call.write({ ackIds: [again.ackId] });
    await eventually(() => server.statistics().subscriptions[0]?.backlog === 0);
    stream.call.cancel();
  });

  it('leases by the deadline of the stream, which may change', async () => {
    const { subscriber, publish, clock } = await setUp();
    const { stream } = await open(subscriber, { streamAckDeadlineSeconds: 20 });
    stream.call.write({ streamAckDeadlineSeconds: 30 });
    await stream.next();
    await publish('x');
    await stream.message();
    clock.advance(29_999);
    await publish('marker');
    expect((await stream.message()).text).toBe('marker');
    clock.advance(1);
    expect((await stream.message()).text).toBe('x');
    stream.call.cancel();
  });

  it('leases no more bytes than max_outstanding_bytes', async () => {
    const { subscriber, publish, server } = await setUp();
    const { stream } = await open(subscriber, { maxOutstandingBytes: 2500 });
    const statistics = () => server.statistics().subscriptions[0];
    for (let count = 0; count < 5; count += 1) await publish('x'.repeat(1000));
    const { ackId } = await stream.message();
    await stream.message();
    expect(statistics()).toMatchObject({ backlog: 5, outstanding: 2 });
    stream.call.write({ ackIds: [ackId] });
    await stream.message();
    expect(statistics()).toMatchObject({ backlog: 4, outstanding: 2 });
    stream.call.cancel();
  });

  it.each([
    ['a subscription', { subscription }],
    ['a client id', { clientId: 'again' }],
    ['a limit', { maxOutstandingMessages: 5 }],
    ['a protocol version', { protocolVersion: 1 }],
    ['more deadlines than ack ids', { modifyDeadlineSeconds: [10] }],
    ['a stream deadline out of range', { streamAckDeadlineSeconds: 9 }],
  ])('refuses a later request with %s', async (_, request) => {
    const { subscriber } = await setUp();
    const { stream } = await open(subscriber);
    stream.call.write(request);
    expect(await stream.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('refuses a subscription that does not exist', async () => {
    const { subscriber } = await setUp();
    const stream = new OpenStream(subscriber, {
      subscription: 'projects/test/subscriptions/none',
    });
    expect(await stream.ended).toMatchObject({
      code: status.NOT_FOUND,
      details: 'Resource not found (resource=none).',
    });
  });

  it('ends when the subscription is deleted', async () => {
    const { client, subscriber } = await setUp();
    const { stream } = await open(subscriber);
    await client.subscription('sub').delete();
    expect(await stream.ended).toMatchObject({ code: status.NOT_FOUND });
  });

  it('leases a stream that does not read only what its connection takes', async () => {
    const { client, server, publish } = await setUp();
    const count = 5000;
    await Promise.all(
      Array.from({ length: count }, () => publish('x'.repeat(200))),
    );
    const session = connectHttp2(`http://${server.address}`);
    const request = session.request({
      ':path': '/google.pubsub.v1.Subscriber/StreamingPull',
      ':method': 'POST',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    request.on('error', () => undefined);
    const body = pubsub.StreamingPullRequest.encode({ subscription }).finish();
    const frame = Buffer.alloc(5 + body.length);
    frame.writeUInt32BE(body.length, 1);
    frame.set(body, 5);
    request.write(frame);
    const statistics = () => server.statistics().subscriptions[0]!;
    await eventually(() => statistics().outstanding > 0);
    // What the silent stream leaves goes to one that reads.
    const inbox = new Inbox(client, 'sub', ack);
    await eventually(() => statistics().backlog < count);
    await eventually(() => statistics().backlog === statistics().outstanding);
    expect(statistics().outstanding).toBeGreaterThan(0);
    expect(statistics().outstanding).toBeLessThan(count);
    await inbox.close();
    session.destroy();
  });

  it('ends when the caller ends its side', async () => {
    const { subscriber } = await setUp();
    const { stream } = await open(subscriber);
    stream.call.end();
    expect(await stream.ended).toBe('OK');
  });
});
