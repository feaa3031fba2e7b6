import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { pino } from 'pino';

import { DeadLetter } from '../../src/entity/index.ts';
import { deadLetterDrain } from '../../src/host/dead-letter-drain.ts';
import type { HostOptions } from '../../src/host/host.ts';
import type { ServedWorker } from '../../src/host/served-worker.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { deadLetters, servedWorker, Stage } from './set-up.ts';

let database: TestDatabase;
let stage: Stage;

const lethal = servedWorker({
  subscription: 'lethal',
  topic: 'lethal-topic',
  run: async () => undefined,
});
const net = { topic: 'net', subscription: 'net-desk' };
const drain = deadLetterDrain(net, [lethal]);

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  await database.dataSource.getRepository(DeadLetter).clear();
  stage = await Stage.open();
  await stage.subscription(drain);
});
afterEach(() => stage.close());
afterAll(() => database.drop());

/** Drains until the dead-letter subscription has settled this many messages. */
const drained = async (
  count: number,
  worker: ServedWorker = drain,
  options: Partial<HostOptions> = {},
) => {
  const { host, records } = stage.host(database.dataSource, [worker], options);
  await host.start();
  await records.count(count);
  await host.drain();
  return records.entries;
};

const forwarded = (changes: Record<string, string> = {}) => ({
  CloudPubSubDeadLetterSourceSubscription: 'lethal',
  CloudPubSubDeadLetterSourceSubscriptionProject: 'host-tests',
  CloudPubSubDeadLetterSourceDeliveryCount: '20',
  CloudPubSubDeadLetterSourceTopicPublishTime: '2026-01-01T00:00:00.123+00:00',
  ...changes,
});

test('a message that kills its process again and again arrives at the desk', async () => {
  await stage.subscription(lethal, {
    deadLetterPolicy: {
      deadLetterTopic: 'projects/host-tests/topics/net',
      maxDeliveryAttempts: 5,
    },
  });
  const id = await stage.publish(lethal.topic, { a: 1 });
  for (let death = 0; death < 5; death++) {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx/esm', '__tests__/host/fixture/lethal-host.ts'],
      {
        env: {
          ...process.env,
          NODE_OPTIONS: '',
          DATABASE_URL: database.url,
          PUBSUB_EMULATOR_HOST: stage.server.address,
        },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    await stage.expireLeases();
  }
  await drained(1);
  expect(await deadLetters(database.dataSource, 'lethal')).toMatchObject([
    {
      source: 'pubsub',
      topic: 'lethal-topic',
      identity: id,
      eventId: id,
      attempts: 5,
      state: 'open',
      document: { a: 1 },
      attributes: { id },
      error: expect.stringMatching(/^GivenUpByBrokerError: .* 5 deliveries/),
    },
  ]);
  expect(stage.backlog(net.subscription)).toBe(0);
});

test('what the broker gave up on is logged, without its payload', async () => {
  const lines: string[] = [];
  const logger = pino(
    { level: 'error' },
    { write: (line) => lines.push(line) },
  );
  const attributes = forwarded();
  await stage.publish(
    net.topic,
    { secret: 'x' },
    { id: 'given-up', attributes },
  );
  await drained(1, drain, { logger });
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
    expect.objectContaining({
      subscription: 'lethal',
      eventId: 'given-up',
      deliveries: 20,
      msg: 'the broker gave up on a message: it is at the dead-letter desk',
    }),
  ]);
  expect(lines.join()).not.toContain('secret');
});

test('a message that is already at the desk is not doubled', async () => {
  const failing = {
    ...lethal,
    maxFailures: 1,
    run: async () => {
      throw new Error('no');
    },
  };
  await stage.subscription(failing);
  const id = await stage.publish(failing.topic, {});
  await drained(1, failing);
  await stage.publish(net.topic, {}, { id, attributes: forwarded() });
  await drained(1);
  expect(await deadLetters(database.dataSource, 'lethal')).toMatchObject([
    { identity: id, attempts: 21 },
  ]);
});

test('a message without an event id is recognised by its own publish time', async () => {
  const anonymous = { ...lethal, eventId: () => undefined };
  const publish = () =>
    stage.publish(net.topic, { a: 1 }, { attributes: forwarded() });
  await publish();
  await publish();
  await drained(2, deadLetterDrain(net, [anonymous]));
  const letters = await deadLetters(database.dataSource, 'lethal');
  expect(letters).toMatchObject([
    { eventId: null, publishTime: new Date('2026-01-01T00:00:00.123Z') },
  ]);
  expect(letters[0]?.identity).toMatch(/^2026-01-01T00:00:00\.123Z\//);
});

test('nothing is acked that is not committed', async () => {
  const other = await createTestDatabase();
  await other.dataSource.query('drop table dead_letter cascade');
  await stage.publish(net.topic, {}, { attributes: forwarded() });
  const { host, records } = stage.host(other.dataSource, [drain]);
  await host.start();
  await records.count(6);
  await host.drain();
  expect(new Set(records.entries.map(({ outcome }) => outcome))).toEqual(
    new Set(['nack']),
  );
  expect(stage.backlog(net.subscription)).toBe(1);
  await other.drop();
});

test('a message of a subscription that nobody knows here is kept under its name', async () => {
  await stage.publish(net.topic, 'x', {
    attributes: forwarded({
      CloudPubSubDeadLetterSourceSubscription: 'elsewhere',
      CloudPubSubDeadLetterSourceDeliveryCount: 'many',
      CloudPubSubDeadLetterSourceTopicPublishTime: 'yesterday',
      eventType: 'their-topic',
    }),
  });
  await drained(1);
  expect(await deadLetters(database.dataSource, 'elsewhere')).toMatchObject([
    { topic: 'their-topic', attempts: 0 },
  ]);
});

test('a message that somebody else published on a dead-letter topic is shown as such', async () => {
  await stage.publish(net.topic, { stray: true });
  await drained(1);
  expect(await deadLetters(database.dataSource, 'net-desk')).toMatchObject([
    { error: expect.stringMatching(/^StrayDeadLetterError/) },
  ]);
});
