import { QueuePriority, TenantTier } from '../../../src/jobs/queue.ts';
import { useTestDatabase } from '../../helpers.ts';
import { clearJobs, idsOf, storeOf } from './store.ts';

const database = useTestDatabase();

beforeEach(() => clearJobs(database.con));

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

const tenantsOf = (jobs: readonly { tenant: string | undefined }[]) =>
  jobs.map(({ tenant }) => tenant);

test('no tenant runs more than its cap, however many claim at once', async () => {
  const { enqueue, claim, complete } = storeOf(database.con, {
    tenantConcurrency: 2,
  });
  await enqueue(
    ...times(50, () => ({ tenant: 'flood' })),
    ...times(3, () => ({ tenant: 'small' })),
  );
  const rounds = await Promise.all(times(8, () => claim({ limit: 5 })));
  const running = rounds.flat();
  expect(tenantsOf(running).sort()).toEqual([
    'flood',
    'flood',
    'small',
    'small',
  ]);
  await complete(running.find(({ tenant }) => tenant === 'flood')!);
  expect(
    tenantsOf((await Promise.all(times(8, () => claim()))).flat()),
  ).toEqual(['flood']);
});

test('failed jobs run again keep the cap of their tenant', async () => {
  const { enqueue, claim, fail } = storeOf(database.con, {
    tenantConcurrency: 2,
  });
  await enqueue(...times(5, () => ({ tenant: 'a', attempts: 1 })), {
    tenant: 'b',
    attempts: 1,
  });
  for (let round = 0; round < 3; round++)
    for (const job of await claim()) await fail(job);
  const [first] = await claim({ status: 'failed', limit: 1 });
  const rounds = await Promise.all(
    times(4, () => claim({ status: 'failed', limit: 5 })),
  );
  expect(tenantsOf(rounds.flat()).sort()).toEqual(['a', 'b']);
  await fail(first!);
  expect(tenantsOf(await claim({ status: 'failed' }))).toEqual(['a']);
});

test('jobs without a tenant have no cap', async () => {
  const { enqueue, claim } = storeOf(database.con, { tenantConcurrency: 1 });
  await enqueue({}, {}, {});
  expect(await claim()).toHaveLength(3);
});

test.each([{}, { tenantConcurrency: 100 }])(
  'nobody waits behind the flood of another tenant (%o)',
  async (definition) => {
    const { enqueue, claim } = storeOf(database.con, definition);
    await enqueue(...times(100, () => ({ tenant: 'flood' })));
    await claim({ limit: 20 });
    await enqueue(...times(3, (n) => ({ tenant: `small ${n}` })));
    await enqueue(...times(3, () => ({ tenant: 'medium' })));
    const next = tenantsOf(await claim({ limit: 9 }));
    expect(next.filter((tenant) => tenant !== 'flood').sort()).toEqual([
      'medium',
      'medium',
      'medium',
      'small 0',
      'small 1',
      'small 2',
    ]);
  },
);

test('a tenant who comes back has no credit for the time it was away', async () => {
  const { enqueue, claim } = storeOf(database.con);
  await enqueue(...times(50, () => ({ tenant: 'a' })));
  await claim({ limit: 40 });
  await enqueue(...times(50, () => ({ tenant: 'b' })));
  const next = tenantsOf(await claim({ limit: 10 }));
  expect(next.filter((tenant) => tenant === 'a')).toHaveLength(5);
});

test('an enterprise job goes before every other, whatever its priority', async () => {
  const { enqueue, claim } = storeOf(database.con);
  const [, , low, high] = await enqueue(
    { priority: QueuePriority.CRITICAL, tenant: 'a', tier: TenantTier.FREE },
    {},
    {
      priority: QueuePriority.LOW,
      tenant: 'big',
      tier: TenantTier.ENTERPRISE,
    },
    {
      priority: QueuePriority.HIGH,
      tenant: 'big',
      tier: TenantTier.ENTERPRISE,
    },
  );
  expect(idsOf(await claim({ limit: 2 }))).toEqual([high, low]);
});

test('the enterprise lane takes only jobs of enterprise tenants', async () => {
  const { enqueue, claim } = storeOf(database.con);
  await enqueue({}, { tenant: 'a', tier: TenantTier.STANDARD });
  expect(await claim({ enterpriseOnly: true })).toEqual([]);
});

test('a rate lets through what its bucket holds, and more as time goes by', async () => {
  const { enqueue, claim } = storeOf(database.con, {
    rate: { count: 3, seconds: 60 },
  });
  await enqueue(...times(10, () => ({})));
  const first = await Promise.all(times(4, () => claim({ limit: 2 })));
  expect(first.flat()).toHaveLength(3);
  await database.con.query(
    `update job_rate set refilled_at = refilled_at - interval '20 seconds'`,
  );
  expect(await claim()).toHaveLength(1);
  await database.con.query(
    `update job_rate set refilled_at = refilled_at - interval '1 day'`,
  );
  expect(await claim()).toHaveLength(3);
});

test("a tenant's rate leaves the others alone", async () => {
  const { enqueue, claim } = storeOf(database.con, {
    tenantRate: { count: 1, seconds: 60 },
  });
  await enqueue(
    ...times(3, () => ({ tenant: 'a' })),
    ...times(3, () => ({ tenant: 'b' })),
    {},
    {},
  );
  expect(tenantsOf(await claim()).sort()).toEqual([
    'a',
    'b',
    undefined,
    undefined,
  ]);
  expect(await claim()).toEqual([]);
});

test('a strict queue runs one job at a time, in the order of creation, whatever their priority', async () => {
  const { enqueue, claim, complete } = storeOf(database.con, {
    order: 'strict',
  });
  const ids = await enqueue({}, { priority: QueuePriority.CRITICAL }, {});
  const seen: string[] = [];
  for (;;) {
    const claimed = (await Promise.all(times(4, () => claim()))).flat();
    if (claimed.length === 0) break;
    expect(claimed).toHaveLength(1);
    seen.push(claimed[0]!.id);
    await complete(claimed[0]!);
  }
  expect(seen).toEqual(ids);
});

test('keys of a strict queue wait only for their own', async () => {
  const { enqueue, claim } = storeOf(database.con, { order: 'strict' });
  const [a, , b, none] = await enqueue(
    { key: 'a' },
    { key: 'a' },
    { key: 'b' },
    {},
  );
  expect(idsOf(await claim()).sort()).toEqual([a, b, none].sort());
  expect(await claim()).toEqual([]);
});

test('a strict queue waits for the next attempt of its head', async () => {
  const { store, enqueue, claim, fail } = storeOf(database.con, {
    order: 'strict',
  });
  const [first] = await enqueue({ backoff: { seconds: 0 } }, {});
  await fail((await claim())[0]!);
  expect(await claim()).toEqual([]);
  await store.promote();
  expect(idsOf(await claim())).toEqual([first]);
});

test('a strict queue that halts waits for its failed head to be run again or resolved', async () => {
  const { enqueue, claim, fail, complete } = storeOf(database.con, {
    order: 'strict',
    onExhausted: 'halt',
  });
  const [first, second, third] = await enqueue({}, {}, {});
  await fail((await claim())[0]!, { permanent: true });
  expect(await claim()).toEqual([]);
  const [rerun] = await claim({ status: 'failed' });
  expect(rerun?.id).toBe(first);
  expect(await claim()).toEqual([]);
  await complete(rerun!);
  const [next] = await claim();
  expect(next?.id).toBe(second);
  await fail(next!, { permanent: true });
  await database.con.query(
    `update dead_letter set state = 'resolved' where identity = $1`,
    [second],
  );
  expect(idsOf(await claim())).toEqual([third]);
});

test('a strict queue that skips goes on without its failed head', async () => {
  const { enqueue, claim, fail } = storeOf(database.con, {
    order: 'strict',
    onExhausted: 'skip',
  });
  const [, second] = await enqueue({}, {});
  await fail((await claim())[0]!, { permanent: true });
  const [next] = await claim();
  expect(next?.id).toBe(second);
  // The failed one may not run beside it either.
  expect(await claim({ status: 'failed' })).toEqual([]);
});

test('failed jobs run again beyond the rate make the queue wait, not fail', async () => {
  const { enqueue, claim, fail } = storeOf(database.con, {
    rate: { count: 2, seconds: 3_600 },
  });
  await enqueue({}, {});
  for (const job of await claim()) await fail(job, { permanent: true });
  expect(await claim({ status: 'failed' })).toHaveLength(2);
  await enqueue({});
  expect(await claim()).toEqual([]);
});

test('a database clock that was set back closes no bucket for that time', async () => {
  const { enqueue, claim } = storeOf(database.con, {
    rate: { count: 1, seconds: 60 },
  });
  await enqueue({}, {});
  expect(await claim()).toHaveLength(1);
  await database.con.query(
    `update job_rate set refilled_at = clock_timestamp() + interval '1 day'`,
  );
  expect(await claim()).toHaveLength(1);
});

test('nobody waits behind the flood that another tenant had scheduled', async () => {
  const { store, enqueue, claim } = storeOf(database.con);
  const due = { runAt: new Date(Date.now() + 3_600_000) };
  await enqueue(...times(100, () => ({ tenant: 'flood', ...due })));
  await database.con.query('update job set run_at = now()');
  await store.promote();
  await enqueue(...times(3, () => ({ tenant: 'small' })));
  const next = tenantsOf(await claim({ limit: 8 }));
  expect(next.filter((tenant) => tenant === 'small')).toHaveLength(3);
});

test('a job that is tried again does not wait behind the flood of its own tenant', async () => {
  const { store, enqueue, claim, fail } = storeOf(database.con);
  await enqueue(...times(20, () => ({ tenant: 'flood' })));
  const [first] = await claim({ limit: 1 });
  await fail(first!);
  await store.promote();
  expect(idsOf(await claim({ limit: 2 }))).toContain(first!.id);
});
