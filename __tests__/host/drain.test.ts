import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { Inbox, Source } from '../../src/entity/index.ts';
import { servedWorker, Stage } from './set-up.ts';

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

test('drain lets running handlers end, gives the rest back and leaves no message half done', async () => {
  const MESSAGES = 300;
  const worker = servedWorker({
    subscription: 'drained',
    maxMessages: 10,
    transactional: true,
    run: async ({ attributes: { id = '' } }, con) => {
      await con
        .getRepository(Source)
        .insert({ id, handle: id, name: 'first half' });
      await con.getRepository(Source).update({ id }, { name: 'done' });
    },
  });
  await stage.subscription(worker);
  const first = stage.host(database.dataSource, [worker]);
  await first.host.start();
  const ids = await Promise.all(
    Array.from({ length: MESSAGES }, () => stage.publish(worker.topic, {})),
  );
  await first.records.count(20);
  await Promise.all([first.host.drain(), first.host.drain()]);
  expect(first.host.status()).toMatchObject({ ready: false, inFlight: 0 });

  const sources = () => database.dataSource.getRepository(Source).find();
  const inbox = () =>
    database.dataSource
      .getRepository(Inbox)
      .countBy({ subscription: worker.subscription });
  const afterDrain = await sources();
  expect(afterDrain.every(({ name }) => name === 'done')).toBe(true);
  expect(await inbox()).toBe(afterDrain.length);
  expect(stage.backlog(worker.subscription)).toBe(MESSAGES - afterDrain.length);

  // What was still on its way to the first host was never seen by it.
  await stage.expireLeases();
  const second = stage.host(database.dataSource, [worker]);
  await second.host.start();
  await second.records.count(MESSAGES - afterDrain.length);
  await second.host.drain();
  expect((await sources()).map(({ id }) => id).sort()).toEqual(ids.sort());
  expect(await inbox()).toBe(MESSAGES);
  expect(stage.backlog(worker.subscription)).toBe(0);
});

test('drain aborts what runs past its limit, rolls it back and gives it back', async () => {
  const running = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<unknown>();
  const worker = servedWorker({
    subscription: 'endless',
    transactional: true,
    run: async ({ signal }, con) => {
      await con.getRepository(Source).insert({
        id: '0199d000-0000-7000-8000-000000000002',
        handle: 'never',
        name: 'never',
      });
      running.resolve();
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve());
      });
      aborted.resolve(signal.reason);
    },
  });
  await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, [worker], {
    drainTimeoutSeconds: 0.1,
  });
  await host.start();
  await stage.publish(worker.topic, {});
  await running.promise;
  await host.drain();
  expect(await aborted.promise).toMatchObject({ name: 'DrainAbortedError' });
  expect(records.entries).toMatchObject([
    { outcome: 'nack', failureKind: 'cancelled', failures: undefined },
  ]);
  expect(stage.backlog(worker.subscription)).toBe(1);
  expect(
    await database.dataSource
      .getRepository(Source)
      .findOneBy({ handle: 'never' }),
  ).toBeNull();
});

test('a drained host does not start again', async () => {
  const { host } = stage.host(database.dataSource, []);
  await host.start();
  await host.drain();
  await expect(host.start()).rejects.toThrow('drained');
});
