import type { Message } from '@google-cloud/pubsub';

import { ControlledClock } from '../controlled-clock.ts';
import { ack, eventually, Inbox, startServer, stopAll } from '../set-up.ts';

afterEach(stopAll);

const setUp = async () => {
  const clock = new ControlledClock();
  const { client, connect, server } = await startServer({ clock });
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('sub');
  const publish = (count: number, bytes = 10) =>
    Promise.all(
      Array.from({ length: count }, (_, number) =>
        topic.publishMessage({
          data: Buffer.alloc(bytes),
          attributes: { number: String(number) },
        }),
      ),
    );
  const statistics = () => server.statistics().subscriptions[0]!;
  return { client, connect, publish, statistics };
};

it('never has more messages with the handler, nor leased, than maxMessages', async () => {
  const { client, publish, statistics } = await setUp();
  await publish(200);
  const held: Message[] = [];
  let mostHeld = 0;
  let mostLeased = 0;
  const inbox = new Inbox(
    client,
    'sub',
    (message) => {
      held.push(message);
      mostHeld = Math.max(mostHeld, held.length);
      mostLeased = Math.max(mostLeased, statistics().outstanding);
      if (held.length === 5) for (const each of held.splice(0)) each.ack();
    },
    { flowControl: { maxMessages: 5, allowExcessMessages: false } },
  );
  await inbox.count(200);
  expect(mostHeld).toBe(5);
  expect(mostLeased).toBe(5);
  await eventually(() => statistics().backlog === 0);
  expect(inbox.messages).toHaveLength(200);
  await inbox.close();
});

it('goes on one by one with maxMessages 1', async () => {
  const { client, publish, statistics } = await setUp();
  await publish(20);
  let mostLeased = 0;
  const inbox = new Inbox(
    client,
    'sub',
    (message) => {
      mostLeased = Math.max(mostLeased, statistics().outstanding);
      message.ack();
    },
    { flowControl: { maxMessages: 1, allowExcessMessages: false } },
  );
  await inbox.count(20);
  expect(mostLeased).toBe(1);
  await inbox.close();
});

it('leases no more bytes than maxBytes, and a message beyond it alone', async () => {
  const { client, publish, statistics } = await setUp();
  await publish(10, 1000);
  await publish(2, 5000);
  let mostLeased = 0;
  const inbox = new Inbox(
    client,
    'sub',
    (message) => {
      mostLeased = Math.max(mostLeased, statistics().outstanding);
      message.ack();
    },
    { flowControl: { maxBytes: 3500, allowExcessMessages: false } },
  );
  await inbox.count(12);
  expect(mostLeased).toBeLessThanOrEqual(3);
  await eventually(() => statistics().backlog === 0);
  await inbox.close();
});

it('allows maxMessages to each stream of a subscription, as the service does', async () => {
  const { client, publish, statistics } = await setUp();
  await publish(40);
  const held: Message[] = [];
  const inbox = new Inbox(
    client,
    'sub',
    (message) => {
      held.push(message);
    },
    {
      flowControl: { maxMessages: 4 },
      streamingOptions: { maxStreams: 3 },
    },
  );
  await eventually(() => statistics().outstanding === 12);
  await inbox.count(4);
  expect(statistics()).toMatchObject({ backlog: 40, outstanding: 12 });
  inbox.subscription.on('message', ack);
  for (const message of held.splice(0)) message.ack();
  await eventually(() => statistics().backlog === 0);
  expect(inbox.messages).toHaveLength(40);
  await inbox.close();
});

it('feeds the streams of several processes evenly while all of them keep up', async () => {
  const { connect, publish, statistics } = await setUp();
  const inboxes = Array.from(
    { length: 5 },
    () =>
      new Inbox(connect(), 'sub', ack, {
        flowControl: { maxMessages: 20 },
      }),
  );
  await eventually(() => statistics().openStreams === 5);
  for (let round = 0; round < 10; round += 1) await publish(100);
  await eventually(() => statistics().backlog === 0);
  const counts = inboxes.map(({ messages }) => messages.length);
  expect(counts.reduce((sum, count) => sum + count)).toBe(1000);
  expect(Math.min(...counts)).toBeGreaterThan(100);
  await Promise.all(inboxes.map((inbox) => inbox.close()));
});

it('leaves what a slow subscriber may not take to the others', async () => {
  const { connect, publish, statistics } = await setUp();
  const slow = new Inbox(connect(), 'sub', () => undefined, {
    flowControl: { maxMessages: 3 },
  });
  const quick = new Inbox(connect(), 'sub', ack);
  await eventually(() => statistics().openStreams === 2);
  await publish(100);
  await quick.count(97);
  await eventually(() => statistics().backlog === 3);
  expect(slow.messages).toHaveLength(3);
  expect(statistics().outstanding).toBe(3);
  await Promise.all([slow.close(), quick.close()]);
});
