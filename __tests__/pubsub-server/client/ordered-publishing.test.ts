import { status } from '@grpc/grpc-js';

import { ack, Inbox, startServer, stopAll } from '../set-up.ts';

afterEach(stopAll);

const setUp = async () => {
  const { client, server } = await startServer();
  const [created] = await client.createTopic('one');
  await created.createSubscription('sub', { enableMessageOrdering: true });
  const topic = client.topic('one', {
    messageOrdering: true,
    batching: { maxMessages: 10, maxMilliseconds: 1 },
  });
  const publish = (orderingKey: string, text: string, attributes = {}) =>
    topic.publishMessage({ data: Buffer.from(text), orderingKey, attributes });
  return { client, server, topic, publish };
};

/** An attribute that the service refuses. */
const tooLong = { attribute: 'x'.repeat(1025) };

it('delivers each key in the order of publishing, over many batches', async () => {
  const { client, publish } = await setUp();
  const numbers = Array.from({ length: 100 }, (_, number) => number);
  const keys = ['a', 'b', 'c', 'd', 'e'];
  const inbox = new Inbox(client, 'sub', ack);
  await Promise.all(
    numbers.flatMap((number) =>
      keys.map((key) => publish(key, String(number))),
    ),
  );
  await inbox.count(numbers.length * keys.length);
  for (const key of keys)
    expect(
      inbox.messages
        .filter(({ orderingKey }) => orderingKey === key)
        .map(({ data }) => Number(data)),
    ).toEqual(numbers);
  await inbox.close();
});

it('lets nothing of a key overtake what was refused, spares other keys, and goes on after resumePublishing', async () => {
  const { client, topic, publish } = await setUp();
  const inbox = new Inbox(client, 'sub', ack);
  await publish('a', 'a1');
  const publishing = [
    ...Array.from({ length: 10 }, () => publish('a', 'refused', tooLong)),
    ...Array.from({ length: 25 }, () => publish('a', 'behind')),
  ];
  const outcomes = await Promise.allSettled(publishing);
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: { code: status.INVALID_ARGUMENT },
    });
  await publish('b', 'b1');
  topic.resumePublishing('a');
  await publish('a', 'a2');
  await inbox.count(3);
  expect(inbox.texts).toEqual(['a1', 'b1', 'a2']);
  await inbox.close();
});

it('goes on after its topic was away', async () => {
  const { client, topic, publish } = await setUp();
  await publish('a', 'before');
  await client.topic('one').delete();
  await expect(publish('a', 'lost')).rejects.toMatchObject({
    code: status.NOT_FOUND,
  });
  const [created] = await client.createTopic('one');
  await created.createSubscription('later', { enableMessageOrdering: true });
  topic.resumePublishing('a');
  await publish('a', 'after');
  const inbox = new Inbox(client, 'later', ack);
  await inbox.count(1);
  expect(inbox.texts).toEqual(['after']);
  await inbox.close();
});

it('flushes what waits in a batch', async () => {
  const { client, server } = await setUp();
  const lazy = client.topic('one', {
    batching: { maxMilliseconds: 3_600_000 },
  });
  const waiting = lazy.publishMessage({ data: Buffer.from('x') });
  await lazy.flush();
  await waiting;
  expect(server.statistics().subscriptions[0]!.backlog).toBe(1);
});

it('holds back a publisher that is flow controlled, and loses nothing', async () => {
  const { client, server } = await setUp();
  const topic = client.topic('one', {
    batching: { maxMessages: 5, maxMilliseconds: 1 },
    flowControlOptions: { maxOutstandingMessages: 10 },
  });
  const publisher = topic.flowControlled();
  for (let number = 0; number < 100; number += 1) {
    const wait = publisher.publish({ data: Buffer.from(String(number)) });
    if (wait) await wait;
  }
  const ids = await publisher.all();
  expect(new Set(ids).size).toBe(100);
  expect(server.statistics().subscriptions[0]!.backlog).toBe(100);
});
