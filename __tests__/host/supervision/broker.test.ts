import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Host, HostOptions } from '../../../src/host/host.ts';
import type { HandledRecord } from '../../../src/host/handling.ts';
import type { ServedWorker } from '../../../src/host/served-worker.ts';
import type { StreamState } from '../../../src/host/stream.ts';
import { startPubSub } from '../../../src/pubsub-server/index.ts';
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';
import { Log, servedWorker, Stage } from '../set-up.ts';
import { startDenier } from './denier.ts';
import { Proxy } from './proxy.ts';

interface StateChange {
  readonly subscription: string;
  readonly state: StreamState;
  readonly reason: string | undefined;
}

let database: TestDatabase;
let stage: Stage;
let proxy: Proxy;

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  stage = await Stage.open();
  proxy = await Proxy.to(portOf(stage.server.address));
});
afterEach(async () => {
  await stage.close();
  await proxy.close();
});
afterAll(() => database.drop());

const portOf = (address: string): number => Number(address.split(':')[1]);

const worker = (changes: Partial<ServedWorker> = {}) =>
  servedWorker({ run: async () => undefined, ...changes });

/** A host that reaches the broker through the proxy. */
const hostBehindProxy = async (
  workers: readonly ServedWorker[],
  options: Partial<HostOptions> = {},
) => {
  const states = new Log<StateChange>();
  const records = new Log<HandledRecord>();
  const { host } = stage.host(database.dataSource, workers, {
    emulatorHost: `127.0.0.1:${proxy.port}`,
    signals: {
      onRecord: records.add,
      onState: (subscription, state, reason) =>
        states.add({ subscription, state, reason }),
    },
    ...options,
  });
  await host.start();
  return { host, states, records };
};

const troubled = (host: Host) =>
  host.status().subscriptions.filter(({ state }) => state !== 'streaming');

const last = (states: readonly StateChange[], subscription: string) =>
  states.findLast((change) => change.subscription === subscription)?.state;

test('a right that is taken away is named, and when it is given back messages go on', async () => {
  const right = worker();
  await stage.subscription(right);
  const { host, states, records } = await hostBehindProxy([right]);
  const denier = await startDenier();
  proxy.redirect(denier.port);
  await states.until((all) =>
    all.some(({ reason }) => reason?.includes('User not authorized')),
  );
  expect(troubled(host)).toMatchObject([
    {
      subscription: right.subscription,
      state: 'reopening',
      reason: expect.stringMatching(/User not authorized.*gRPC status 7/),
    },
  ]);
  await stage.publish(right.topic, {});
  proxy.redirect(portOf(stage.server.address));
  await records.count(1);
  denier.stop();
  await states.until((all) => last(all, right.subscription) === 'streaming');
  expect(host.status().ready).toBe(true);
});

test('a half-open connection is noticed, and messages go on over another one', async () => {
  const half = worker();
  await stage.subscription(half);
  const { host, records, states } = await hostBehindProxy([half], {
    keepalive: { milliseconds: 100, timeoutMilliseconds: 200 },
  });
  await stage.publish(half.topic, {});
  await records.count(1);
  proxy.freeze();
  await stage.publish(half.topic, {});
  await states.until((all) => all.some(({ state }) => state === 'reopening'));
  expect(host.status().ready).toBe(false);
  await states.until((all) => last(all, half.subscription) === 'streaming');
  // What was sent into the dead connection is leased to nobody that lives.
  await stage.expireLeases({ streams: 1 });
  await records.count(2);
});

test('only the subscription at fault is named, and the others go on', async () => {
  const workers = ['one', 'two', 'three'].map((subscription) =>
    worker({ subscription }),
  );
  for (const each of workers) await stage.subscription(each);
  const { host, states, records } = await hostBehindProxy(workers);
  await stage.client.subscription('two').delete();
  await states.until((all) => last(all, 'two') === 'reopening');
  expect(troubled(host).map(({ subscription }) => subscription)).toEqual([
    'two',
  ]);
  await stage.publish('host-test', {});
  await records.count(2);
  expect(
    new Set(records.entries.map(({ subscription }) => subscription)),
  ).toEqual(new Set(['one', 'three']));
});

test('a broker that is stopped and started again on its data goes on with what it had', async () => {
  const data = await mkdtemp(join(tmpdir(), 'nightshift-supervision-'));
  const first = await startPubSub({ data });
  proxy.redirect(portOf(first.address));
  const held = Promise.withResolvers<void>();
  const holding = Promise.withResolvers<void>();
  const restarted = worker({
    subscription: 'restarted',
    run: async () => {
      holding.resolve();
      await held.promise;
    },
  });
  const { PubSub } = await import('@google-cloud/pubsub');
  const clientOf = (address: string) =>
    new PubSub({
      projectId: 'host-tests',
      apiEndpoint: address,
      emulatorMode: true,
    });
  const client = clientOf(first.address);
  await client.createTopic('host-test');
  await client.createSubscription('host-test', 'restarted', {
    ackDeadlineSeconds: 10,
  });
  const { host, states, records } = await hostBehindProxy([restarted]);
  const topic = client.topic('host-test');
  await topic.publishMessage({
    data: Buffer.from('{}'),
    attributes: { id: 'a' },
  });
  await holding.promise;
  await topic.publishMessage({
    data: Buffer.from('{}'),
    attributes: { id: 'b' },
  });
  await client.close();
  await first.stop();
  proxy.cut();
  await states.until((all) => last(all, 'restarted') === 'reopening');
  expect(host.status().ready).toBe(false);

  const second = await startPubSub({ data });
  proxy.redirect(portOf(second.address));
  proxy.restore();
  held.resolve();
  await states.until((all) => last(all, 'restarted') === 'streaming');
  await records.until(
    (all) => new Set(all.map(({ eventId }) => eventId)).size === 2,
  );
  expect(host.status().ready).toBe(true);
  await host.drain();
  await second.stop();
  await rm(data, { recursive: true });
});

test.each([
  ['is down', () => proxy.cut()],
  ['is silent', () => proxy.freeze()],
])(
  'a drain ends though the broker %s, and its message comes again',
  async (_, harm) => {
    const begun = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const draining = worker({
      subscription: 'draining',
      run: async () => {
        begun.resolve();
        await goOn.promise;
      },
    });
    await stage.subscription(draining);
    const { host } = await hostBehindProxy([draining], {
      drainTimeoutSeconds: 1,
    });
    await stage.publish(draining.topic, {});
    await begun.promise;
    harm();
    const drained = host.drain();
    goOn.resolve();
    await drained;
    expect(host.status().inFlight).toBe(0);
    expect(stage.backlog('draining')).toBe(1);
  },
);
