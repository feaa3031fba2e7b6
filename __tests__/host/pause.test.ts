import { pausesCheck } from '../../src/doctor/checks/pauses.ts';
import type { Patient } from '../../src/doctor/check.ts';
import type { HandledRecord } from '../../src/host/handling.ts';
import type { Host } from '../../src/host/host.ts';
import type { ServedWorker } from '../../src/host/served-worker.ts';
import { queryOf } from '../../src/schema/query.ts';
import type { StreamState } from '../../src/host/stream.ts';
import { PauseFollower } from '../../src/subscriptions/follow.ts';
import {
  pauseSubscription,
  resumeSubscription,
} from '../../src/subscriptions/pauses.ts';
import { registry } from '../../src/telemetry/metrics.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { Log, logger, servedWorker, Stage } from './set-up.ts';

/** One that is declared, because others cannot be paused. */
const subscription = 'api.comment-markdown';

let database: TestDatabase;
let stage: Stage;
let followers: PauseFollower[];

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  followers = [];
  stage = await Stage.open();
  await database.dataSource.query('delete from subscription_pause');
});
afterEach(async () => {
  await Promise.all(followers.map((follower) => follower.stop()));
  await stage.close();
});
afterAll(() => database.drop());

/** As a background process does. */
const follow = async (host: Host): Promise<void> => {
  const follower = new PauseFollower({
    con: database.dataSource,
    url: database.url,
    logger,
    onPauses: (paused) => host.setPauses(paused),
  });
  followers.push(follower);
  await follower.start();
};

const ana = { actor: 'ana', reason: 'its renderer is broken' };
const pause = () =>
  pauseSubscription(database.dataSource.manager, subscription, ana);
const resume = () =>
  resumeSubscription(database.dataSource.manager, subscription, ana);

const serve = async (
  run: ServedWorker['run'],
  changes: Partial<ServedWorker> = {},
) => {
  const states = new Log<StreamState>();
  const records = new Log<HandledRecord>();
  const worker = servedWorker({ subscription, run, ...changes });
  await stage.subscription(worker);
  const { host } = stage.host(database.dataSource, [worker], {
    signals: {
      onRecord: records.add,
      onState: (_, state) => states.add(state),
    },
  });
  return { worker, host, records, states };
};

test('a paused subscription runs to its end what has begun, gives back what is queued, and goes on where it was', async () => {
  const begun = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  const { worker, host, records, states } = await serve(
    async () => {
      begun.resolve();
      await mayEnd.promise;
    },
    { maxMessages: 1 },
  );
  await follow(host);
  await host.start();
  for (let index = 0; index < 3; index++) await stage.publish(worker.topic, {});
  await begun.promise;

  await pause();
  await states.until((all) => all.at(-1) === 'paused');
  expect(host.status()).toMatchObject({
    ready: true,
    subscriptions: [
      {
        state: 'paused',
        pausedByOperator: true,
        reason: expect.stringMatching(
          /^by ana since .+Z because its renderer is broken$/,
        ),
      },
    ],
  });
  expect(
    await registry.getSingleMetricAsString('nightshift_host_paused'),
  ).toContain(`nightshift_host_paused{subscription="${subscription}"} 1`);
  mayEnd.resolve();
  await records.count(1);
  expect(records.entries).toEqual([
    expect.objectContaining({ outcome: 'ack' }),
  ]);
  expect(stage.backlog(subscription)).toBeGreaterThanOrEqual(2);

  await resume();
  await records.count(3);
  expect(records.entries.map(({ outcome }) => outcome)).toEqual([
    'ack',
    'ack',
    'ack',
  ]);
});

test('a process that starts while a subscription is paused does not receive from it, and is ready', async () => {
  const { worker, host, records, states } = await serve(async () => undefined);
  await pause();
  await follow(host);
  await host.start();
  expect(states.entries).toEqual(['paused']);
  expect(host.status().ready).toBe(true);
  await stage.publish(worker.topic, {});
  expect(stage.backlog(subscription)).toBe(1);
  await resume();
  await records.count(1);
});

test('a key whose head runs when its subscription is paused is given back whole, and keeps its order', async () => {
  const order: string[] = [];
  const begun = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  const { worker, host, records, states } = await serve(
    async ({ data }) => {
      begun.resolve();
      await mayEnd.promise;
      order.push((data as { nth: string }).nth);
    },
    { ordered: true },
  );
  await follow(host);
  await host.start();
  for (const nth of ['first', 'second', 'third'])
    await stage.publish(worker.topic, { nth }, { orderingKey: 'a' });
  await begun.promise;
  await pause();
  await states.until((all) => all.at(-1) === 'paused');
  mayEnd.resolve();
  await records.count(1);
  expect(order).toEqual(['first']);
  await resume();
  await records.count(3);
  expect(order).toEqual(['first', 'second', 'third']);
});

test('the doctor tells of a pause, and warns of one that looks forgotten', async () => {
  await pause();
  const query = queryOf(database.dataSource);
  const look = () => pausesCheck.run({ query } as Patient);
  expect(await look()).toEqual([
    { level: 'note', message: expect.stringContaining('is paused by ana') },
  ]);
  await database.dataSource.query(
    `update subscription_pause set paused_at = now() - interval '5 hours'`,
  );
  expect(await look()).toEqual([
    {
      level: 'warning',
      message: expect.stringContaining('That is 5 hours'),
      remedy: `nightshift subscriptions resume ${subscription}`,
    },
  ]);
});

test('a subscription that is not declared is refused by its name', async () => {
  await expect(
    pauseSubscription(database.dataSource.manager, 'api.comment-markdwn', ana),
  ).rejects.toThrow(/did you mean api.comment-markdown/);
  expect(
    await database.dataSource.query('select from subscription_pause'),
  ).toEqual([]);
});
