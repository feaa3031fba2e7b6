import { v1 } from '@google-cloud/pubsub';
import { credentials, status } from '@grpc/grpc-js';

import { ControlledClock } from './controlled-clock.ts';
import { startServer, stopAll } from './set-up.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const opened: v1.SubscriberClient[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((client) => client.close()));
  await stopAll();
});

const setUp = async (subscription = {}, topicSettings = {}) => {
  const clock = new ControlledClock();
  const { client, server } = await startServer({ clock });
  const [topic] = await client.createTopic({ name: 'one', ...topicSettings });
  const [sub] = await topic.createSubscription('sub', subscription);
  const subscriber = new v1.SubscriberClient({
    servicePath: '127.0.0.1',
    port: server.port,
    sslCreds: credentials.createInsecure(),
  });
  opened.push(subscriber);
  /** Publishes a minute apart, the first now. */
  const publish = async (...texts: string[]): Promise<void> => {
    for (const text of texts) {
      await topic.publishMessage({
        data: Buffer.from(text),
        attributes: { text },
      });
      clock.advance(MINUTE);
    }
  };
  const pull = async (name = 'sub') => {
    const [{ receivedMessages }] = await subscriber.pull({
      subscription: `projects/test/subscriptions/${name}`,
      maxMessages: 100,
      returnImmediately: true,
    });
    return (receivedMessages ?? []).map(({ ackId, message }) => ({
      ackId: ackId!,
      text: (message!.data as Buffer).toString(),
    }));
  };
  const texts = async (name?: string) =>
    (await pull(name)).map(({ text }) => text);
  const acknowledge = (ackIds: string[], name = 'sub') =>
    subscriber.acknowledge({
      subscription: `projects/test/subscriptions/${name}`,
      ackIds,
    });
  const consume = async () => {
    const received = await pull();
    if (received.length > 0)
      await acknowledge(received.map(({ ackId }) => ackId));
    return received.map(({ text }) => text);
  };
  return {
    clock,
    client,
    topic,
    sub,
    publish,
    pull,
    texts,
    acknowledge,
    consume,
  };
};

describe('seek to a time', () => {
  it('counts what was published before as acknowledged', async () => {
    const { clock, sub, publish, texts } = await setUp();
    const start = clock.now();
    await publish('a', 'b', 'c');
    await sub.seek(new Date(start + MINUTE));
    expect(await texts()).toEqual(['b', 'c']);
  });

  it('gives leased messages back, and their old ids acknowledge nothing', async () => {
    const { clock, sub, publish, pull, texts, acknowledge } = await setUp();
    const start = clock.now();
    await publish('a', 'b');
    const leased = await pull();
    await sub.seek(new Date(start));
    await acknowledge(leased.map(({ ackId }) => ackId));
    expect(await texts()).toEqual(['a', 'b']);
  });

  it('does not bring acknowledged messages back unless they are retained', async () => {
    const { clock, sub, publish, texts, consume } = await setUp();
    const start = clock.now();
    await publish('a', 'b');
    await consume();
    await publish('c');
    await sub.seek(new Date(start));
    expect(await texts()).toEqual(['c']);
  });

  it('replays acknowledged messages that the subscription retains, as far as its retention reaches', async () => {
    const { clock, sub, publish, consume } = await setUp({
      retainAckedMessages: true,
      messageRetentionDuration: { seconds: 600 },
    });
    const start = clock.now();
    await publish('a', 'b', 'c');
    expect(await consume()).toEqual(['a', 'b', 'c']);
    await sub.seek(new Date(start));
    expect(await consume()).toEqual(['a', 'b', 'c']);
    clock.advance(8 * MINUTE + 1);
    await sub.seek(new Date(start));
    expect(await consume()).toEqual(['c']);
  });

  it('replays what the topic retains, also from before the subscription was there', async () => {
    const { clock, client, topic, publish, texts } = await setUp(
      {},
      { messageRetentionDuration: { seconds: 3600 } },
    );
    const start = clock.now();
    await publish('a', 'b');
    await topic.createSubscription('late', {
      filter: 'attributes.text = "b"',
    });
    expect(await texts('late')).toEqual([]);
    await client.subscription('late').seek(new Date(start));
    expect(await texts('late')).toEqual(['b']);
  });

  it('into the future drops everything', async () => {
    const { clock, sub, publish, texts } = await setUp();
    await publish('a', 'b');
    await sub.seek(new Date(clock.now() + HOUR));
    expect(await texts()).toEqual([]);
  });
});

describe('snapshots', () => {
  it('bring back what was not acknowledged when they were made, and all that came since', async () => {
    const { client, sub, publish, pull, texts, acknowledge, consume } =
      await setUp();
    await publish('a', 'b', 'c');
    const [first] = await pull();
    await acknowledge([first!.ackId]);
    await sub.createSnapshot('snap');
    await client.subscription('sub').seek('snap');
    expect(await consume()).toEqual(['b', 'c']);
    await publish('d');
    expect(await consume()).toEqual(['d']);
    await sub.seek('snap');
    expect(await texts()).toEqual(['b', 'c', 'd']);
  });

  it('serve other subscriptions of their topic, through their filters, and no other topic', async () => {
    const { client, topic, sub, publish, texts } = await setUp();
    await publish('a', 'b');
    await sub.createSnapshot('snap');
    const [other] = await topic.createSubscription('other', {
      filter: 'attributes.text = "a"',
    });
    await other.seek('snap');
    expect(await texts('other')).toEqual(['a']);
    const [two] = await client.createTopic('two');
    const [stranger] = await two.createSubscription('stranger');
    await expect(stranger.seek('snap')).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
  });

  it('of a deleted topic serve its own subscriptions, and none of another deleted topic', async () => {
    const { client, topic, sub, publish, texts, consume } = await setUp();
    await publish('a');
    await sub.createSnapshot('snap');
    expect(await consume()).toEqual(['a']);
    const [two] = await client.createTopic('two');
    const [stranger] = await two.createSubscription('stranger');
    await topic.delete();
    await two.delete();
    await expect(stranger.seek('snap')).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
    expect(await texts('stranger')).toEqual([]);
    await sub.seek('snap');
    expect(await texts()).toEqual(['a']);
  });

  it('live seven days less the age of the oldest message they keep', async () => {
    const { clock, client, sub, publish } = await setUp();
    const start = clock.now();
    await publish('a');
    clock.advance(DAY);
    await sub.createSnapshot('snap');
    const [[snapshot]] = await client.getSnapshots();
    const { expireTime } = snapshot!.metadata as {
      expireTime: { seconds: string };
    };
    expect(Number(expireTime.seconds) * 1000).toBe(start + 7 * DAY);
    clock.advance(6 * DAY + HOUR);
    const [left] = await client.getSnapshots();
    expect(left).toEqual([]);
  });

  it('are not made when they would expire within an hour', async () => {
    const { clock, sub, publish } = await setUp();
    await publish('a');
    clock.advance(7 * DAY - HOUR);
    await expect(sub.createSnapshot('snap')).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
    });
  });

  it('are refused twice under one name, and gone once deleted', async () => {
    const { sub } = await setUp();
    const [snapshot] = await sub.createSnapshot('snap');
    await expect(sub.createSnapshot('snap')).rejects.toMatchObject({
      code: status.ALREADY_EXISTS,
    });
    await snapshot.delete();
    await expect(sub.seek('snap')).rejects.toMatchObject({
      code: status.NOT_FOUND,
      details: 'Resource not found (resource=snap).',
    });
  });
});

describe('detached subscriptions', () => {
  it('drop what they hold, receive nothing and say so', async () => {
    const { client, publish, texts, sub } = await setUp();
    await publish('a');
    await client.detachSubscription('sub');
    await publish('b');
    await expect(texts()).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
    });
    expect(await sub.detached()).toEqual([true]);
    const [names] = await client.topic('one').getSubscriptions();
    expect(names).toEqual([]);
  });

  it('end their open streams', async () => {
    const { client, sub } = await setUp();
    const failed = Promise.withResolvers<unknown>();
    sub.on('error', failed.resolve);
    sub.on('message', () => undefined);
    await client.detachSubscription('sub');
    expect(await failed.promise).toMatchObject({
      code: status.FAILED_PRECONDITION,
    });
    await sub.close();
  });
});

describe('expiration', () => {
  const expirationPolicy = { ttl: { seconds: DAY / 1000 } };

  it('deletes a subscription that nobody has used for its time to live', async () => {
    const { clock, sub } = await setUp({ expirationPolicy });
    clock.advance(DAY - 2 * HOUR);
    expect(await sub.exists()).toEqual([true]);
    clock.advance(3 * HOUR);
    expect(await sub.exists()).toEqual([false]);
  });

  it('spares one that is pulled from, even if there is nothing', async () => {
    const { clock, sub, texts } = await setUp({ expirationPolicy });
    clock.advance(DAY / 2);
    await texts();
    clock.advance(DAY / 2 + HOUR);
    expect(await sub.exists()).toEqual([true]);
  });

  it('spares one that has an open stream, however silent', async () => {
    const { clock, server, sub } = await setUpWithStream();
    clock.advance(3 * DAY);
    expect(await sub.exists()).toEqual([true]);
    await sub.close();
    expect(server.statistics().subscriptions).toHaveLength(1);
  });

  it('never comes for a subscription that declares none', async () => {
    const { clock, sub } = await setUp({ expirationPolicy: {} });
    clock.advance(400 * DAY);
    expect(await sub.exists()).toEqual([true]);
  });

  const setUpWithStream = async () => {
    const clock = new ControlledClock();
    const { client, server } = await startServer({ clock });
    const [topic] = await client.createTopic('one');
    const [sub] = await topic.createSubscription('sub', { expirationPolicy });
    const received = Promise.withResolvers<void>();
    sub.on('message', (message) => {
      message.ack();
      received.resolve();
    });
    await topic.publishMessage({ data: Buffer.from('a') });
    await received.promise;
    return { clock, server, sub };
  };
});
