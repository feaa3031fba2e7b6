import type { StreamState } from '../../src/host/stream.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { Log, servedWorker, Stage } from './set-up.ts';

let database: TestDatabase;
let stage: Stage;

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.close());
afterAll(() => database.drop());

test('200 subscriptions in one process all receive', async () => {
  const received = new Set<string>();
  const workers = Array.from({ length: 200 }, (_, index) =>
    servedWorker({
      subscription: `many-${index}`,
      topic: 'many',
      run: async () => {
        received.add(`many-${index}`);
      },
    }),
  );
  await stage.client.createTopic('many');
  await Promise.all(workers.map((worker) => stage.subscription(worker)));
  const { host, records } = stage.host(database.dataSource, workers);
  await host.start();
  expect(host.status().ready).toBe(true);
  await stage.publish('many', {});
  await records.count(200);
  expect(received.size).toBe(200);
  await host.drain();
  for (const { subscription } of workers)
    expect(stage.backlog(subscription)).toBe(0);
});

test('a subscription that is deleted and made again is opened again', async () => {
  const states = new Log<StreamState>();
  const worker = servedWorker({
    subscription: 'recreated',
    run: async () => undefined,
  });
  await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, [worker], {
    signals: {
      onRecord: (record) => records.add(record),
      onState: (_subscription, state) => states.add(state),
    },
  });
  await host.start();
  await stage.client.subscription('recreated').delete();
  await states.until((all) => all.includes('reopening'));
  expect(host.status()).toMatchObject({
    ready: false,
    subscriptions: [
      {
        subscription: 'recreated',
        state: 'reopening',
        reason: expect.stringContaining('Resource not found'),
      },
    ],
  });
  await stage.subscription(worker);
  await states.until((all) => all.at(-1) === 'streaming');
  expect(host.status().ready).toBe(true);
  await stage.publish(worker.topic, {});
  await records.count(1);
});

test('a host starts although one of its subscriptions is missing, and says which', async () => {
  const workers = ['here', 'missing'].map((subscription) =>
    servedWorker({ subscription, run: async () => undefined }),
  );
  await stage.subscription(workers[0]!);
  const { host, records } = stage.host(database.dataSource, workers);
  await host.start();
  await stage.publish('host-test', {});
  await records.count(1);
  expect(host.status()).toMatchObject({
    ready: false,
    subscriptions: [
      { subscription: 'here', state: 'streaming' },
      { subscription: 'missing', state: 'reopening' },
    ],
  });
});

test('a subscription pauses when too many handlers run on after their timeout', async () => {
  const states = new Log<StreamState>();
  const stuck = Promise.withResolvers<void>();
  const worker = servedWorker({
    subscription: 'stuck',
    maxMessages: 1,
    timeoutSeconds: 0.05,
    maxFailures: 100,
    run: () => stuck.promise,
  });
  await stage.subscription(worker);
  const { host } = stage.host(database.dataSource, [worker], {
    signals: { onState: (_subscription, state) => states.add(state) },
  });
  await host.start();
  await stage.publish(worker.topic, {});
  await states.until((all) => all.includes('paused'));
  expect(host.status()).toMatchObject({
    ready: false,
    subscriptions: [
      { state: 'paused', reason: expect.stringContaining('message.signal') },
    ],
  });
  stuck.resolve();
  await states.until((all) => all.at(-1) === 'streaming');
  expect(host.status().ready).toBe(true);
});
