import { v1 } from '@google-cloud/pubsub';
import { credentials, status } from '@grpc/grpc-js';

import { ControlledClock } from './controlled-clock.ts';
import { startServer, stopAll } from './set-up.ts';

const subscription = 'projects/test/subscriptions/sub';
const opened: v1.SubscriberClient[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((client) => client.close()));
  await stopAll();
});

const setUp = async () => {
  const clock = new ControlledClock();
  const { client, server } = await startServer({ clock });
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub', {
    enableExactlyOnceDelivery: true,
    ackDeadlineSeconds: 10,
  });
  const subscriber = new v1.SubscriberClient({
    servicePath: '127.0.0.1',
    port: server.port,
    sslCreds: credentials.createInsecure(),
  });
  opened.push(subscriber);
  const publish = (text: string) =>
    topic.publishMessage({ data: Buffer.from(text) });
  const pull = async () => {
    const [{ receivedMessages }] = await subscriber.pull({
      subscription,
      maxMessages: 10,
      returnImmediately: true,
    });
    return (receivedMessages ?? []).map(({ ackId }) => ackId!);
  };
  return { clock, client, subscriber, publish, pull };
};

const permanentFailure = (...ackIds: string[]) => ({
  code: status.INVALID_ARGUMENT,
  reason: 'INVALID_ACK_IDS',
  domain: 'pubsub.googleapis.com',
  errorInfoMetadata: Object.fromEntries(
    ackIds.map((ackId) => [ackId, 'PERMANENT_FAILURE_INVALID_ACK_ID']),
  ),
});

it('refuses an expired ack id by name, takes the others and confirms them when they are sent again', async () => {
  const { clock, subscriber, publish, pull } = await setUp();
  await publish('a');
  const [expired] = await pull();
  clock.advance(10_000);
  await publish('b');
  const [again, fresh] = await pull();
  await expect(
    subscriber.acknowledge({ subscription, ackIds: [expired!, fresh!] }),
  ).rejects.toMatchObject({
    errorInfoMetadata: {
      [expired!]: 'PERMANENT_FAILURE_INVALID_ACK_ID',
      [fresh!]: expect.stringMatching(/^TRANSIENT_/),
    },
  });
  await subscriber.acknowledge({ subscription, ackIds: [fresh!] });
  await subscriber.acknowledge({ subscription, ackIds: [again!] });
  clock.advance(60_000);
  expect(await pull()).toEqual([]);
});

it('says yes to an acknowledgement that is repeated, not to one by another lease of the message', async () => {
  const { clock, subscriber, publish, pull } = await setUp();
  await publish('a');
  const [expired] = await pull();
  clock.advance(10_000);
  const [again] = await pull();
  await subscriber.acknowledge({ subscription, ackIds: [again!] });
  await subscriber.acknowledge({ subscription, ackIds: [again!] });
  await expect(
    subscriber.acknowledge({ subscription, ackIds: [expired!] }),
  ).rejects.toMatchObject(permanentFailure(expired!));
});

it('takes no nack of a request of which one came too late', async () => {
  const { clock, subscriber, publish, pull } = await setUp();
  await publish('a');
  const [expired] = await pull();
  clock.advance(10_000);
  await publish('b');
  const [again, fresh] = await pull();
  await expect(
    subscriber.modifyAckDeadline({
      subscription,
      ackIds: [expired!, fresh!],
      ackDeadlineSeconds: 0,
    }),
  ).rejects.toMatchObject({
    errorInfoMetadata: {
      [expired!]: 'PERMANENT_FAILURE_INVALID_ACK_ID',
      [fresh!]: expect.stringMatching(/^TRANSIENT_/),
    },
  });
  expect(await pull()).toEqual([]);
  await subscriber.acknowledge({ subscription, ackIds: [again!, fresh!] });
});

it('refuses to extend a lease that is over', async () => {
  const { clock, subscriber, publish, pull } = await setUp();
  await publish('a');
  const [expired] = await pull();
  clock.advance(10_000);
  await expect(
    subscriber.modifyAckDeadline({
      subscription,
      ackIds: [expired!],
      ackDeadlineSeconds: 30,
    }),
  ).rejects.toMatchObject(permanentFailure(expired!));
});

it('does not deliver again while a lease is extended, nor after the ack', async () => {
  const { clock, subscriber, publish, pull } = await setUp();
  await publish('a');
  const ackIds = await pull();
  for (let extension = 0; extension < 20; extension += 1) {
    await subscriber.modifyAckDeadline({
      subscription,
      ackIds,
      ackDeadlineSeconds: 30,
    });
    clock.advance(29_000);
    expect(await pull()).toEqual([]);
  }
  await subscriber.acknowledge({ subscription, ackIds });
  clock.advance(60_000);
  expect(await pull()).toEqual([]);
});

it('confirms acknowledgements and extensions that come on a stream, each id by name', async () => {
  const { clock, subscriber, publish, pull } = await setUp();
  await publish('a');
  const [expired] = await pull();
  clock.advance(10_000);
  const stream = subscriber.streamingPull();
  const confirmations = Promise.withResolvers<unknown>();
  const responses: {
    subscriptionProperties: unknown;
    acknowledgeConfirmation: unknown;
    modifyAckDeadlineConfirmation: unknown;
    receivedMessages: { ackId: string }[];
  }[] = [];
  let leased: string | undefined;
  stream.on('data', (response: (typeof responses)[number]) => {
    responses.push(response);
    const ackId = response.receivedMessages[0]?.ackId;
    if (ackId !== undefined) {
      leased = ackId;
      stream.write({
        ackIds: [leased, expired],
        modifyDeadlineAckIds: [expired],
        modifyDeadlineSeconds: [20],
      });
    }
    if (response.modifyAckDeadlineConfirmation) confirmations.resolve(true);
  });
  stream.on('error', confirmations.reject);
  stream.write({ subscription, streamAckDeadlineSeconds: 60 });
  await confirmations.promise;
  stream.removeAllListeners('error').on('error', () => undefined);
  stream.cancel();
  expect(responses[0]!.subscriptionProperties).toMatchObject({
    exactlyOnceDeliveryEnabled: true,
  });
  expect(
    responses.find((response) => response.acknowledgeConfirmation)!
      .acknowledgeConfirmation,
  ).toMatchObject({ ackIds: [leased], invalidAckIds: [expired] });
  expect(responses.at(-1)!.modifyAckDeadlineConfirmation).toMatchObject({
    ackIds: [],
    invalidAckIds: [expired],
  });
});

it('begins to hold when it is switched on, and open streams are told', async () => {
  const { client, subscriber, publish } = await setUp();
  const sub = client.subscription('sub');
  await sub.setMetadata({ enableExactlyOnceDelivery: false });
  const stream = subscriber.streamingPull();
  const told: boolean[] = [];
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  stream.on(
    'data',
    (response: {
      subscriptionProperties: { exactlyOnceDeliveryEnabled: boolean } | null;
      receivedMessages: unknown[];
    }) => {
      if (response.subscriptionProperties)
        told.push(response.subscriptionProperties.exactlyOnceDeliveryEnabled);
      if (told.length === 1) first.resolve();
      if (response.receivedMessages.length > 0) second.resolve();
    },
  );
  stream.on('error', () => undefined);
  stream.write({ subscription, streamAckDeadlineSeconds: 10 });
  await first.promise;
  await sub.setMetadata({ enableExactlyOnceDelivery: true });
  await publish('a');
  await second.promise;
  stream.cancel();
  expect(told).toEqual([false, true]);
});
