import { QueuePriority } from '../../../src/jobs/queue.ts';
import { useTestDatabase } from '../../helpers.ts';
import { clearJobs, idsOf, newJob, storeOf } from './store.ts';

const database = useTestDatabase();

beforeEach(() => clearJobs(database.con));

const letters = async () =>
  database.con.query<{ identity: string; state: string; attempts: number }[]>(
    'select identity, state, attempts from dead_letter',
  );

test('a job of a transaction that rolls back leaves nothing', async () => {
  const { store, claim } = storeOf(database.con);
  await expect(
    database.con.transaction(async (manager) => {
      await store.enqueue(manager, [newJob(false, { idempotencyKey: 'once' })]);
      throw new Error('rolled back');
    }),
  ).rejects.toThrow('rolled back');
  expect(await claim()).toEqual([]);
  const [again] = await store.enqueue(database.con.manager, [
    newJob(false, { idempotencyKey: 'once' }),
  ]);
  expect(again?.created).toBe(true);
});

test('the same idempotency key never makes a second job, not even after the first is finished', async () => {
  const { store, enqueue, claim, complete } = storeOf(database.con);
  const [first] = await enqueue({ idempotencyKey: 'once' });
  const second = await store.enqueue(database.con.manager, [
    newJob(false, { idempotencyKey: 'once' }),
    newJob(false, { idempotencyKey: 'once' }),
    newJob(false, {}),
  ]);
  expect(second.map(({ created }) => created)).toEqual([false, false, true]);
  expect(second[0]?.id).toBe(first);
  for (const job of await claim()) await complete(job);
  const [third] = await store.enqueue(database.con.manager, [
    newJob(false, { idempotencyKey: 'once' }),
  ]);
  expect(third).toEqual({ id: first, created: false });
  expect(await claim()).toEqual([]);
});

test('two jobs of one key created at the same time become one', async () => {
  const { enqueue } = storeOf(database.con);
  const ids = await Promise.all(
    Array.from({ length: 10 }, () => enqueue({ idempotencyKey: 'race' })),
  );
  expect(new Set(ids.flat()).size).toBe(1);
});

test('a job that was created before by its id is not created again, finished or not', async () => {
  const { store, enqueue, claim, complete } = storeOf(database.con);
  const [id] = await enqueue({});
  const again = () =>
    store.enqueue(database.con.manager, [newJob(false, { id: id! })]);
  expect(await again()).toEqual([{ id, created: false }]);
  for (const job of await claim()) await complete(job);
  expect(await again()).toEqual([{ id, created: false }]);
});

test('no job is claimed twice, however many claim at once', async () => {
  const { enqueue, claim } = storeOf(database.con);
  const ids = await enqueue(...Array.from({ length: 100 }, () => ({})));
  const claimed = await Promise.all(
    Array.from({ length: 10 }, () => claim({ limit: 20 })),
  );
  const all = idsOf(claimed.flat());
  expect(new Set(all).size).toBe(all.length);
  const rest = await claim({ limit: 100 });
  expect([...all, ...idsOf(rest)].sort()).toEqual([...ids].sort());
});

test('claims the highest priority first, then in the order of creation', async () => {
  const { enqueue, claim } = storeOf(database.con);
  const [low, normal, critical, high, second] = await enqueue(
    { priority: QueuePriority.LOW },
    {},
    { priority: QueuePriority.CRITICAL },
    { priority: QueuePriority.HIGH },
    {},
  );
  expect(idsOf(await claim())).toEqual([critical, high, normal, second, low]);
});

test('claims nothing before its time, and then', async () => {
  const { store, enqueue, claim } = storeOf(database.con);
  const [id] = await enqueue({ runAt: new Date(Date.now() + 3_600_000) });
  const { promoted, nextInSeconds } = await store.promote();
  expect(promoted).toBe(0);
  // By the database's clock: that of this process may be another.
  const [due] = await database.con.query<{ seconds: number }[]>(
    'select extract(epoch from run_at - clock_timestamp())::float8 as seconds from job',
  );
  expect(nextInSeconds).toBeGreaterThanOrEqual(due!.seconds);
  expect(nextInSeconds).toBeLessThanOrEqual(3_600);
  expect(await claim()).toEqual([]);
  await database.con.query(
    `update job set run_at = now() - interval '1 second'`,
  );
  expect(await store.promote()).toEqual({
    promoted: 1,
    nextInSeconds: undefined,
  });
  expect(idsOf(await claim())).toEqual([id]);
});

test('leaves alone what may take longer than the caller has time', async () => {
  const { enqueue, claim } = storeOf(database.con);
  const [, short] = await enqueue(
    { timeoutSeconds: 60 },
    { timeoutSeconds: 5 },
  );
  expect(idsOf(await claim({ longestTimeout: 5 }))).toEqual([short]);
});

test('a completed job goes to the archive with its result', async () => {
  const { store, enqueue, claim, complete } = storeOf(database.con);
  const [id] = await enqueue({ payload: '{"a":1}' });
  const [job] = await claim();
  expect(job).toMatchObject({ id, payload: { a: 1 }, attempt: 1, fence: 1 });
  expect(await complete(job!, '{"done":true}')).toEqual(['completed']);
  expect(await store.find(id!)).toMatchObject({
    state: 'completed',
    result: { done: true },
    attempt: 1,
  });
  expect(await complete(job!)).toEqual(['lost']);
});

test('a failed attempt is tried again, its error kept; the last one ends at the desk', async () => {
  const { store, enqueue, claim, fail } = storeOf(database.con);
  const [id] = await enqueue({ attempts: 2 });
  expect(await fail((await claim())[0]!)).toEqual(['retried']);
  expect(await store.find(id!)).toMatchObject({ state: 'scheduled' });
  await store.promote();
  expect(await fail((await claim())[0]!)).toEqual(['exhausted']);
  const job = await store.find(id!);
  expect(job).toMatchObject({ state: 'failed', error: 'Error: no luck' });
  expect(job?.history.map(({ attempt, error }) => [attempt, error])).toEqual([
    [1, 'Error: no luck'],
    [2, 'Error: no luck'],
  ]);
  expect(await letters()).toEqual([
    { identity: id, state: 'open', attempts: 2 },
  ]);
});

test('the backoff doubles up to its longest', async () => {
  const { enqueue, claim, fail } = storeOf(database.con);
  await enqueue({ attempts: 9, backoff: { seconds: 10, longest: 25 } });
  const waits: number[] = [];
  for (let attempt = 1; attempt <= 3; attempt++) {
    await fail((await claim())[0]!);
    const [row] = await database.con
      .query<{ wait: number }[]>(
        `update job set state = 'pending'
       returning round(extract(epoch from run_at - clock_timestamp()))::int as wait`,
      )
      .then(([rows]) => rows as unknown as { wait: number }[]);
    waits.push(row!.wait);
  }
  expect(waits).toEqual([10, 20, 25]);
});

test('a permanent failure skips the attempts that are left', async () => {
  const { store, enqueue, claim, fail } = storeOf(database.con);
  const [id] = await enqueue({});
  expect(await fail((await claim())[0]!, { permanent: true })).toEqual([
    'exhausted',
  ]);
  expect(await store.find(id!)).toMatchObject({ state: 'failed', attempt: 1 });
});

test('a failed job is run again once, and its success closes the entry at the desk', async () => {
  const { store, enqueue, claim, complete, fail } = storeOf(database.con);
  const [id] = await enqueue({});
  await fail((await claim())[0]!, { permanent: true });
  const [rerun] = await claim({ status: 'failed' });
  expect(rerun?.id).toBe(id);
  expect(await claim({ status: 'failed' })).toEqual([]);
  const before = new Date();
  expect(await fail(rerun!)).toEqual(['exhausted']);
  expect(await claim({ status: 'failed', failedBefore: before })).toEqual([]);
  const [second] = await claim({ status: 'failed' });
  expect(await complete(second!)).toEqual(['completed']);
  expect(await store.find(id!)).toMatchObject({
    state: 'completed',
    attempt: 3,
  });
  expect(await letters()).toEqual([
    { identity: id, state: 'redriven', attempts: 2 },
  ]);
});

test('a job given back has lost no attempt, but its fence is spent', async () => {
  const { store, enqueue, claim, complete } = storeOf(database.con);
  await enqueue({});
  const [job] = await claim();
  expect(
    await store.settle([{ ...job!, outcome: { type: 'released' } }]),
  ).toEqual(['released']);
  const [again] = await claim();
  expect(again).toMatchObject({ attempt: 1, fence: 2 });
  expect(await complete(job!)).toEqual(['lost']);
  expect(await complete(again!)).toEqual(['completed']);
});

test('what a claimer has without knowing it is given back untried, and nothing else', async () => {
  const { store, enqueue, claim, complete } = storeOf(database.con);
  await enqueue({}, {}, {});
  const [known] = await claim({ limit: 1, worker: 'ana' });
  const [lost] = await claim({ limit: 1, worker: 'ana' });
  await claim({ limit: 1, worker: 'bob' });
  const holder = { queue: 'default', worker: 'ana', held: [known!.id] };
  expect(await store.giveBack(holder)).toBe(1);
  expect(await store.giveBack(holder)).toBe(0);
  const again = await claim();
  expect(again).toMatchObject([{ id: lost!.id, attempt: 1, fence: 2 }]);
  expect(await complete(lost!)).toEqual(['lost']);
  expect(await complete(known!)).toEqual(['completed']);
});

test('a run whose lease expired is taken over; what it still does is fenced', async () => {
  const { store, enqueue, claim, complete } = storeOf(database.con, {}, -1);
  const [id] = await enqueue({});
  const [zombie] = await claim();
  expect(await store.recover()).toBe(1);
  await store.promote();
  const [job] = await claim();
  expect(job).toMatchObject({ id, attempt: 2, fence: 2 });
  expect(await store.extend([zombie!])).toMatchObject([{ id, fence: 1 }]);
  expect(await complete(zombie!)).toEqual(['lost']);
  expect((await store.find(id!))?.history[0]?.error).toContain(
    'LeaseExpiredError: expected a heartbeat of test',
  );
});

test('a heartbeat that comes with the end of its own run has lost nothing; with that of another one it has', async () => {
  const { store, enqueue, claim, complete } = storeOf(database.con, {}, -1);
  await enqueue({});
  const [zombie] = await claim();
  await store.recover();
  await store.promote();
  const [job] = await claim();
  expect(await complete(job!)).toEqual(['completed']);
  expect(await store.extend([job!])).toEqual([]);
  expect(await store.extend([zombie!])).toMatchObject([{ fence: 1 }]);
});

test('a job that ends its process every time ends at the desk', async () => {
  const { store, enqueue, claim } = storeOf(database.con, {}, -1);
  const [id] = await enqueue({ attempts: 2 });
  for (let kill = 1; kill <= 2; kill++) {
    expect(idsOf(await claim())).toEqual([id]);
    await store.recover();
    await store.promote();
  }
  expect(await store.find(id!)).toMatchObject({ state: 'failed' });
  expect(await letters()).toMatchObject([{ identity: id, state: 'open' }]);
});

test('heartbeats renew the lease and keep progress and log', async () => {
  const { store, enqueue, claim } = storeOf(database.con);
  const [id] = await enqueue({});
  const [job] = await claim();
  const progress = { fraction: 0.5, at: 'half' };
  expect(
    await store.extend([{ ...job!, progress, log: ['one', 'two'] }]),
  ).toEqual([]);
  expect(await store.recover()).toBe(0);
  const found = await store.find(id!);
  expect(found?.progress).toEqual(progress);
  expect(found?.history).toMatchObject([{ attempt: 1, log: ['one', 'two'] }]);
});

test('the last word of a run is kept with its end', async () => {
  const { store, enqueue, claim } = storeOf(database.con);
  const [id] = await enqueue({});
  const [job] = await claim();
  await store.settle([
    {
      ...job!,
      outcome: { type: 'completed', result: undefined },
      progress: { fraction: 1 },
      log: ['done'],
    },
  ]);
  expect((await store.find(id!))?.history).toMatchObject([
    { attempt: 1, progress: { fraction: 1 }, log: ['done'] },
  ]);
});

test('a paused queue gives out nothing until it is resumed', async () => {
  const { enqueue, claim } = storeOf(database.con);
  const [id] = await enqueue({});
  await database.con.query(
    `insert into job_queue (name, paused_at) values ('default', now())`,
  );
  expect(await claim()).toEqual([]);
  await database.con.query('update job_queue set paused_at = null');
  expect(idsOf(await claim())).toEqual([id]);
});

test('a failed job that was resolved at the desk goes to the archive as failed', async () => {
  const { store, enqueue, claim, fail } = storeOf(database.con);
  const [id] = await enqueue({});
  await fail((await claim())[0]!, { permanent: true });
  expect(await store.archiveResolved()).toBe(0);
  await database.con.query(`update dead_letter set state = 'resolved'`);
  expect(await store.archiveResolved()).toBe(1);
  expect(await store.find(id!)).toMatchObject({
    state: 'failed',
    error: 'Error: no luck',
  });
  expect(await claim({ status: 'failed' })).toEqual([]);
});

test('a manager whose transaction is over writes no job into the transaction of somebody else', async () => {
  const { store, claim } = storeOf(database.con);
  const { manager } = await database.con.transaction((over) =>
    Promise.resolve({ manager: over }),
  );
  await expect(store.enqueue(manager, [newJob(false, {})])).rejects.toThrow(
    'released',
  );
  expect(await claim()).toEqual([]);
});

test('a job given twice in one call is created once, by its first place', async () => {
  const { store } = storeOf(database.con);
  const job = newJob(false, {});
  expect(await store.enqueue(database.con.manager, [job, job])).toEqual([
    { id: job.id, created: true },
    { id: job.id, created: false },
  ]);
});

test('an error that is cut in the middle of a character is kept', async () => {
  const { store, enqueue, claim } = storeOf(database.con);
  const [id] = await enqueue({});
  const [job] = await claim();
  // With the name before it, the limit falls between the halves of the emoji.
  const error = new Error(`${'x'.repeat(3_992)}\u{1f41f} and more`);
  error.stack = `${'x'.repeat(15_999)}\u{1f41f} and more`;
  expect(
    await store.settle([
      { ...job!, outcome: { type: 'failed', error, permanent: false } },
    ]),
  ).toEqual(['retried']);
  expect((await store.find(id!))?.error).toContain('Error: xxx');
});

test('a heartbeat waits for no job that is being settled, and takes none for lost', async () => {
  const { store, enqueue, claim } = storeOf(database.con);
  const [settling, other] = await enqueue({}, {});
  const jobs = await claim();
  await database.con.query(
    `update job set lease_until = now() - interval '1 second'`,
  );
  await database.con.transaction(async (manager) => {
    await manager.query('select from job where id = $1 for update', [settling]);
    expect(await store.extend(jobs)).toEqual([]);
  });
  expect(
    await database.con.query(
      'select id from job where lease_until > clock_timestamp()',
    ),
  ).toEqual([{ id: other }]);
});
