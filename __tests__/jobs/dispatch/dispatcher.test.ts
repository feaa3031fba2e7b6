import { PermanentError } from '../../../src/dead-letters/permanent-error.ts';
import { currentCause } from '../../../src/events/context.ts';
import { find } from '../../../src/jobs/store/find.ts';
import { registry as metrics } from '../../../src/telemetry/metrics.ts';
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';
import { until } from '../../until.ts';
import { clearJobs } from '../store/store.ts';
import { dispatching, type Dispatching, Gate } from './dispatching.ts';

let database: TestDatabase;
let open: Dispatching[];

const start = async (
  ...args: Parameters<typeof dispatching> extends [unknown, unknown, ...infer R]
    ? R
    : never
): Promise<Dispatching> => {
  const made = dispatching(database.dataSource, database.url, ...args);
  open.push(made);
  await made.dispatcher.start();
  return made;
};

beforeAll(async () => {
  database = await createTestDatabase();
  await database.dataSource.query('create table effect (id text)');
});

beforeEach(async () => {
  open = [];
  await clearJobs(database.dataSource);
  await database.dataSource.query('truncate effect');
});

afterEach(() => Promise.all(open.map(({ dispatcher }) => dispatcher.drain())));

afterAll(() => database.drop());

const found = (id: string) => find(database.dataSource.manager, id);

const effects = () =>
  database.dataSource.query<{ id: string }[]>('select id from effect');

test('runs a job when it commits, and keeps its result', async () => {
  const { create, ended } = await start({
    add: {
      handler: (payload) => Promise.resolve((payload as { a: number }).a + 1),
    },
  });
  const [id] = await create('add', { payload: '{"a":1}' });
  expect(await ended(1)).toMatchObject([{ settled: 'completed' }]);
  expect(await found(id!)).toMatchObject({ state: 'completed', result: 2 });
});

test('runs at once as many jobs as the queue says, and no more', async () => {
  const gate = new Gate();
  let running = 0;
  let most = 0;
  const { create, ended } = await start(
    {
      wait: {
        handler: async () => {
          most = Math.max(most, ++running);
          if (running === 3) gate.open();
          await gate.opened;
          running--;
        },
      },
    },
    { concurrency: 3 },
  );
  await create('wait', ...Array.from({ length: 20 }, () => ({})));
  await ended(20);
  expect(most).toBe(3);
});

test('the enterprise slots stay free for enterprise jobs', async () => {
  const gate = new Gate();
  const { create, ended } = await start(
    {
      slow: { handler: () => gate.opened },
      quick: { handler: () => Promise.resolve() },
    },
    { concurrency: 2, enterpriseSlots: 1 },
  );
  await create('slow', ...Array.from({ length: 9 }, () => ({ tenant: 'a' })));
  const [id] = await create('quick', { tenant: 'big', tier: 'enterprise' });
  expect((await ended(1))[0]?.job.id).toBe(id);
  gate.open();
  await ended(10);
});

test('a failed attempt is tried again after its backoff, a permanent failure is not', async () => {
  let calls = 0;
  const { create, ended } = await start({
    flaky: {
      handler: () =>
        ++calls < 3
          ? Promise.reject(new Error('not yet'))
          : Promise.resolve('at last'),
    },
    hopeless: {
      handler: () => Promise.reject(new PermanentError('never')),
    },
  });
  const [flaky] = await create('flaky', { attempts: 3 });
  const ends = await ended(3);
  expect(ends.map(({ settled }) => settled)).toEqual([
    'retried',
    'retried',
    'completed',
  ]);
  expect(await found(flaky!)).toMatchObject({ attempt: 3, result: 'at last' });
  await create('hopeless');
  expect((await ended(4))[3]?.settled).toBe('exhausted');
});

test('attempts, their ends and their time are counted by queue and job', async () => {
  let runs = 0;
  const { create, ended } = await start(
    {
      counted: {
        handler: () =>
          ++runs === 1 ? Promise.reject(new Error('once')) : Promise.resolve(),
      },
      unlucky: { handler: () => Promise.reject(new Error('never')) },
    },
    { attempts: 2, backoff: { seconds: 0 } },
  );
  await create('counted');
  await create('unlucky');
  await ended(4);
  const read = async (name: string) =>
    (await metrics.getSingleMetric(name)!.get()).values
      .filter(({ labels }) => ['counted', 'unlucky'].includes(`${labels.job}`))
      .map(({ labels, value, ...rest }) => ({ ...rest, labels, value }));
  expect(await read('job_completions_total')).toEqual([
    { labels: { queue: 'default', job: 'counted' }, value: 1 },
  ]);
  expect(await read('job_failures_total')).toEqual(
    expect.arrayContaining(
      [
        ['counted', 'retried'],
        ['unlucky', 'retried'],
        ['unlucky', 'exhausted'],
      ].map(([job, outcome]) => ({
        labels: { queue: 'default', job, outcome },
        value: 1,
      })),
    ),
  );
  for (const [name, counted] of [
    ['job_duration_seconds_count', 2],
    ['job_start_delay_seconds_count', 2],
    ['job_attempts_sum', 2],
  ] as const)
    expect(await read(name.replace(/_(count|sum)$/, ''))).toContainEqual({
      metricName: name,
      labels: { queue: 'default', job: 'counted' },
      value: counted,
    });
  expect(await read('job_running')).toContainEqual({
    labels: { queue: 'default', job: 'counted' },
    value: 0,
  });
});

test('effects of a transactional job, its end and the jobs it creates are one commit', async () => {
  let fail = true;
  const { create, ended, dispatcher } = await start({
    effective: {
      transactional: true,
      handler: async (_, { manager, job }) => {
        await manager.query('insert into effect values ($1)', [job.id]);
        expect(currentCause()).toMatchObject({ id: job.id, manager });
        if (!fail) return 'kept';
        fail = false;
        throw new Error('rolled back');
      },
    },
  });
  const [id] = await create('effective');
  await ended(2);
  expect(await effects()).toEqual([{ id }]);
  expect(await found(id!)).toMatchObject({ state: 'completed', attempt: 2 });
  expect(dispatcher.running).toBe(0);
});

test('a transactional job that was taken over leaves no effect', async () => {
  const { create, ended } = await start({
    slow: {
      transactional: true,
      handler: async (_, { manager, job }) => {
        await manager.query('insert into effect values ($1)', [job.id]);
        // As another process does once the lease is over.
        await database.dataSource.query('update job set fence = fence + 1');
      },
    },
  });
  await create('slow');
  expect(await ended(1)).toMatchObject([{ settled: 'lost' }]);
  expect(await effects()).toEqual([]);
});

test('a job that takes too long gets its signal, and the attempt has failed', async () => {
  const reasons: unknown[] = [];
  const { create, ended } = await start({
    endless: {
      handler: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason);
            reject(new Error('stopped in the middle'));
          });
        }),
    },
  });
  const [id] = await create('endless', { timeoutSeconds: 0.05, attempts: 1 });
  expect(await ended(1)).toMatchObject([{ settled: 'exhausted' }]);
  expect(reasons).toMatchObject([{ name: 'JobTimeoutError' }]);
  expect((await found(id!))?.error).toContain('expected endless to end within');
});

test('a transactional job that ignores its signal is cut off from the database', async () => {
  const gate = new Gate();
  const { create, ended } = await start({
    deaf: {
      transactional: true,
      handler: async (_, { manager, job }) => {
        await manager.query('insert into effect values ($1)', [job.id]);
        await gate.opened;
      },
    },
  });
  await create('deaf', { timeoutSeconds: 0.05, attempts: 1 });
  expect(await ended(1)).toMatchObject([{ settled: 'exhausted' }]);
  gate.open();
  expect(await effects()).toEqual([]);
});

test('what a drain cuts off is run again, and the attempt does not count', async () => {
  const gate = new Gate();
  const begun = new Gate();
  const first = await start(
    {
      slow: {
        handler: (_, { signal }) => {
          begun.open();
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () =>
              reject(new Error('stopped')),
            );
          });
        },
      },
    },
    {},
    { drainTimeoutSeconds: 0 },
  );
  const [id] = await first.create('slow');
  await begun.opened;
  await first.dispatcher.drain();
  expect(first.ends).toMatchObject([{ settled: 'released' }]);
  gate.open();
  const second = await start({
    slow: { handler: (_, { job }) => Promise.resolve(job.attempt) },
  });
  await second.ended(1);
  expect(await found(id!)).toMatchObject({ state: 'completed', result: 1 });
});

test('a drain lets jobs end', async () => {
  const gate = new Gate();
  const begun = new Gate();
  const { create, ends, dispatcher } = await start({
    slow: {
      handler: async () => {
        begun.open();
        await gate.opened;
      },
    },
  });
  await create('slow');
  await begun.opened;
  const drained = dispatcher.drain();
  gate.open();
  await drained;
  expect(ends).toMatchObject([{ settled: 'completed' }]);
});

test('heartbeats keep a job that takes longer than its lease', async () => {
  const gate = new Gate();
  const begun = new Gate();
  const { create, ended } = await start(
    {
      long: {
        handler: async (_, context) => {
          context.progress(0.5, 'half');
          context.log('begun');
          begun.open();
          await gate.opened;
        },
      },
    },
    {},
    { leaseSeconds: 4 },
  );
  const [id] = await create('long');
  await begun.opened;
  const leases = new Set<string>();
  await until(async () => {
    const [row] = await database.dataSource.query<{ lease_until: string }[]>(
      'select lease_until::text from job',
    );
    leases.add(row!.lease_until);
    return leases.size === 4;
  });
  expect((await found(id!))?.progress).toEqual({ fraction: 0.5, at: 'half' });
  gate.open();
  expect(await ended(1)).toMatchObject([
    { settled: 'completed', job: { attempt: 1 } },
  ]);
});

test('a payload that does not fit its declaration goes to the desk at once', async () => {
  const { create, ended } = await start({
    any: { handler: () => Promise.resolve(1n) },
  });
  const [id] = await create('any');
  expect(await ended(1)).toMatchObject([{ settled: 'exhausted' }]);
  expect((await found(id!))?.error).toContain('UnkeepableResultError');
});

test('jobs whose handler this process does not have are left to others', async () => {
  const { create, ended } = await start({
    known: { handler: () => Promise.resolve() },
  });
  const [unknown] = await create('unknown');
  await create('known');
  await ended(1);
  expect(await found(unknown!)).toMatchObject({ state: 'pending', attempt: 0 });
});

test('goes on when the database was away', async () => {
  const { create, ended } = await start({
    any: { handler: () => Promise.resolve() },
  });
  await create('any');
  await ended(1);
  await database.dataSource
    .query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    )
    .catch(() => undefined);
  await create('any');
  await ended(2);
});
