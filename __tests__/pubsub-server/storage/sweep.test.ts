import { mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { Broker } from '../../../src/pubsub-server/broker/broker.ts';
import { systemClock } from '../../../src/pubsub-server/clock.ts';
import { pubsub } from '../../../src/pubsub-server/codecs.ts';
import { unavailable } from '../../../src/pubsub-server/errors.ts';
import { validSubscription } from '../../../src/pubsub-server/resources/subscription.ts';
import { openJournal } from '../../../src/pubsub-server/storage/recovery.ts';
import { readPublishRequest } from '../../../src/pubsub-server/wire/publish-request.ts';
import { scratchDirectory } from '../../setup/scratch-directory.ts';

let data: string;
let file: string;

beforeEach(async () => {
  data = await mkdtemp(join(await scratchDirectory(), 'nightshift-sweep-'));
  file = join(data, 'pubsub.sqlite');
});

afterEach(() => rm(data, { recursive: true }));

const start = async () => {
  const broker = new Broker(systemClock);
  const journal = await openJournal(broker, data);
  return {
    broker,
    journal,
    stop: async () => {
      broker.close(unavailable('The test ends this server.'));
      await journal.close();
    },
  };
};

const TOPIC = 'projects/p/topics/one';

const REQUEST = Buffer.from(
  pubsub.PublishRequest.encode({
    topic: TOPIC,
    messages: Array.from({ length: 100 }, () => ({
      data: Buffer.alloc(1000, 1),
    })),
  }).finish(),
);

const prepare = async () => {
  const server = await start();
  const { broker } = server;
  const topic = broker.createTopic(pubsub.Topic.create({ name: TOPIC }));
  const { state } = broker.createSubscription(
    validSubscription(
      pubsub.Subscription.create({
        name: 'projects/p/subscriptions/sub',
        topic: TOPIC,
      }),
    ),
  ).dispatcher;
  const consumer = state.addConsumer({
    maxOutstandingMessages: Infinity,
    maxOutstandingBytes: Infinity,
    ackDeadlineSeconds: 600,
  });
  return {
    ...server,
    publish: () =>
      broker.publish(topic, readPublishRequest(REQUEST).messages, REQUEST),
    acknowledge: (spare: (id: string) => boolean = () => false) => {
      const now = systemClock.now();
      const leased = state.take(consumer, 1000, now);
      state.acknowledge(
        leased
          .filter(({ message }) => !spare(message.id))
          .map(({ ackId }) => ackId),
        now,
      );
    },
  };
};

const rows = (table: string): number => {
  const database = new DatabaseSync(file, { readOnly: true });
  const row = database.prepare(`select count(*) as count from ${table}`).get();
  database.close();
  return Number(row?.count);
};

test('the file does not grow with what was acknowledged, one message that nobody takes or none', async () => {
  const server = await prepare();
  const [kept] = server.publish();
  // 60 MB in all.
  for (let round = 0; round < 600; round += 1) {
    server.publish();
    server.acknowledge((id) => id === kept);
    await server.journal.settled();
  }
  await server.stop();
  expect((await stat(file)).size).toBeLessThan(20_000_000);
  expect(rows('batch')).toBeLessThan(100);
  expect(rows('finished')).toBe(1);

  const next = await start();
  const [subscription] = next.broker.subscriptions.values();
  expect(
    Array.from(
      subscription!.dispatcher.state.entries(),
      ({ message }) => message.id,
    ),
  ).toEqual([kept]);
  await next.stop();
  // What a start finds unwanted it deletes, and gives the room back.
  expect(rows('batch')).toBe(1);
});

test('deleting the last who held messages deletes the messages, and ids go on rising', async () => {
  const server = await prepare();
  const published = server.publish();
  server.broker.deleteSubscription('projects/p/subscriptions/sub');
  await server.stop();
  const next = await start();
  expect(next.broker.nextMessageId).toBeGreaterThan(Number(published.at(-1)));
  await next.stop();
  expect(rows('batch')).toBe(0);
  expect(rows('holder')).toBe(0);
});
