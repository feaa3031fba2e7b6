import { once } from 'node:events';

import { cancelJob } from '../../src/jobs/operate/cancel.ts';
import { getJob } from '../../src/jobs/create-job.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { dispatching, Gate } from './dispatch/dispatching.ts';
import { clearJobs, storeOf } from './store/store.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.dataSource.query('create table effect (id int)');
});
beforeEach(() => clearJobs(database.dataSource));
afterAll(() => database.drop());

const cancel = (id: string) =>
  database.dataSource.transaction((manager) =>
    cancelJob(
      manager,
      id,
      { actor: 'ana', reason: 'not needed' },
      ({ name }) =>
        name.startsWith('kept ') ? 'a part of a whole; cancel that' : undefined,
    ),
  );
const look = async (id: string) => {
  const job = await getJob(id, { manager: database.dataSource.manager });
  return job && { state: job.state, error: job.error };
};
const cancelled = {
  state: 'cancelled',
  error: 'cancelled by ana: not needed',
};

test('a job that waits is cancelled: it never begins, and the audit log keeps who and why', async () => {
  const { enqueue, claim } = storeOf(database.dataSource);
  const [due, later] = await enqueue(
    {},
    { runAt: new Date(Date.now() + 3_600_000) },
  );
  expect(await cancel(due!)).toBe('cancelled');
  expect(await cancel(later!)).toBe('cancelled');
  expect(await claim()).toEqual([]);
  expect(await look(due!)).toEqual(cancelled);
  expect(
    await database.dataSource.query(
      `select action, actor, reason, filter, counts from audit_log order by id desc limit 1`,
    ),
  ).toEqual([
    {
      action: 'jobs.cancel',
      actor: 'ana',
      reason: 'not needed',
      filter: { job: later },
      counts: { cancelled: 1 },
    },
  ]);
});

test('a job that has ended, has failed for good, is no job or does a part of something larger is refused', async () => {
  const { enqueue, claim, complete, fail } = storeOf(database.dataSource);
  const [ended, failed] = await enqueue({}, {});
  const [first, second] = await claim();
  await complete(first!);
  await fail(second!, { permanent: true });
  const [kept] = await enqueue({ name: 'kept by a flow' });
  await expect(cancel(ended!)).rejects.toThrow(/it has ended/);
  await expect(cancel(failed!)).rejects.toThrow(/resolve its entry/);
  await expect(cancel(kept!)).rejects.toThrow(
    /does a part of a whole; cancel that/,
  );
  await expect(cancel('0194203a-0af8-7875-aa5c-89b838accc5c')).rejects.toThrow(
    /expected the id of a job/,
  );
});

test('the late end of a job that was cancelled while it ran changes nothing', async () => {
  const { store, enqueue, claim, complete } = storeOf(database.dataSource);
  await enqueue({});
  const [run] = await claim();
  expect(await cancel(run!.id)).toBe('stopping');
  expect(await store.extend([run!])).toEqual([
    expect.objectContaining({ id: run!.id }),
  ]);
  expect(await complete(run!, '"done"')).toEqual(['lost']);
  expect(await look(run!.id)).toEqual(cancelled);
});

test('what is behind a cancelled job in its lane waits until the lease of its process has ended', async () => {
  const { store, enqueue, claim } = storeOf(database.dataSource, {
    order: 'strict',
  });
  const [first, second] = await enqueue({ key: 'a' }, { key: 'a' });
  await claim();
  await cancel(first!);
  await store.recover();
  expect(await claim()).toEqual([]);
  await database.dataSource.query(
    `update job set lease_until = clock_timestamp() where id = $1`,
    [first],
  );
  await store.recover();
  expect(await look(first!)).toEqual(cancelled);
  expect(await claim()).toEqual([expect.objectContaining({ id: second })]);
});

test('a handler that runs gets its signal, and what a transactional one did is rolled back', async () => {
  const running = new Gate();
  const { dispatcher, create, ended } = dispatching(
    database.dataSource,
    database.url,
    {
      hold: {
        transactional: true,
        handler: async (_, { manager, signal }) => {
          await manager.query('insert into effect values (1)');
          running.open();
          await once(signal, 'abort');
        },
      },
    },
    {},
    { leaseSeconds: 4 },
  );
  await dispatcher.start();
  try {
    const [id] = await create('hold');
    await running.opened;
    expect(await cancel(id!)).toBe('stopping');
    expect(await ended(1)).toEqual([
      expect.objectContaining({ settled: 'lost' }),
    ]);
    expect(await look(id!)).toEqual(cancelled);
    expect(await database.dataSource.query('select from effect')).toEqual([]);
  } finally {
    await dispatcher.drain();
  }
});
