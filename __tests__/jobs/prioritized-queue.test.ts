import { pino } from 'pino';
import { z } from 'zod';

import { withCause } from '../../src/events/context.ts';
import {
  type PrioritizedQueueOptions,
  PrioritizedQueue,
  type PrioritizedWorker,
  QueuePriority,
  TenantTier,
} from '../../src/jobs/prioritized-queue.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { Gate } from './dispatch/dispatching.ts';
import { clearJobs } from './store/store.ts';

let database: TestDatabase;
let workers: PrioritizedWorker[];

beforeAll(async () => {
  database = await createTestDatabase();
});

beforeEach(async () => {
  workers = [];
  await clearJobs(database.dataSource);
});

afterEach(() => Promise.all(workers.map((worker) => worker.drain())));

afterAll(() => database.drop());

interface Work {
  readonly n?: number;
}

const queueOf = (
  handler: ConstructorParameters<typeof PrioritizedQueue<Work>>[1],
  options: PrioritizedQueueOptions = {},
) =>
  new PrioritizedQueue<Work>('exports', handler, {
    con: database.dataSource,
    url: database.url,
    logger: pino({ level: 'silent' }),
    ...options,
  });

const start = async (queue: PrioritizedQueue<Work>, concurrency?: number) => {
  const worker = await queue.startWorker(concurrency);
  workers.push(worker);
  return worker;
};

/** Collects what handlers saw, and tells when it is enough. */
const collect = (enough: number) => {
  const seen: string[] = [];
  const full = new Gate();
  return {
    seen,
    full: full.opened,
    add: (what: string) => {
      seen.push(what);
      if (seen.length >= enough) full.open();
    },
  };
};

test('works by priority, enterprise tenants first', async () => {
  const { seen, full, add } = collect(4);
  const queue = queueOf(({ tenantId, n }) =>
    Promise.resolve(add(`${tenantId}${n}`)),
  );
  await queue.add({ tenantId: 'a', n: 1 }, QueuePriority.LOW);
  await queue.add({ tenantId: 'b', n: 2 }, QueuePriority.CRITICAL);
  await queue.add({ tenantId: 'c', n: 3 });
  await queue.add(
    { tenantId: 'e', tenantTier: TenantTier.ENTERPRISE, n: 4 },
    QueuePriority.LOW,
  );
  await start(queue, 1);
  await full;
  expect(seen).toEqual(['e4', 'b2', 'c3', 'a1']);
});

test('no tenant exceeds its cap over two workers, and its statistics tell what waits', async () => {
  const gate = new Gate();
  const running = new Map<string, number>();
  let most = 0;
  const { full, add } = collect(3);
  const ended = collect(23);
  const queue = queueOf(
    async ({ tenantId }) => {
      running.set(tenantId, (running.get(tenantId) ?? 0) + 1);
      most = Math.max(most, running.get(tenantId)!);
      add(tenantId);
      await gate.opened;
      running.set(tenantId, running.get(tenantId)! - 1);
      ended.add(tenantId);
    },
    { tenantConcurrency: 2 },
  );
  for (let n = 0; n < 20; n++) await queue.add({ tenantId: 'flood', n });
  await queue.add({ tenantId: 'small' });
  await Promise.all([start(queue, 16), start(queue, 16)]);
  await full;
  expect(await queue.stats()).toMatchObject({ running: 3, pending: 18 });
  await queue.add({ tenantId: 'late' });
  await queue.add({ tenantId: 'later' });
  gate.open();
  await ended.full;
  expect(most).toBe(2);
});

test('work of an enterprise tenant begins while others hold every slot', async () => {
  const gate = new Gate();
  const held = collect(2);
  const bypassed = new Gate();
  const queue = queueOf(async ({ tenantId }) => {
    if (tenantId === 'big') return bypassed.open();
    held.add(tenantId);
    await gate.opened;
  });
  for (let n = 0; n < 5; n++) await queue.add({ tenantId: 'flood', n });
  await start(queue, 2);
  await held.full;
  await queue.add({ tenantId: 'big', tenantTier: TenantTier.ENTERPRISE });
  await bypassed.opened;
  expect(held.seen).toHaveLength(2);
  gate.open();
});

test('three attempts with backoff from 2 s unless the queue or the work says otherwise', async () => {
  const queue = queueOf(() => Promise.resolve());
  await queue.add({ tenantId: 'a' });
  await queue.add({ tenantId: 'b' }, QueuePriority.HIGH, {
    attempts: 7,
    backoff: { seconds: 9, growth: 'fixed' },
    timeout: 5,
  });
  expect(
    await database.dataSource.query(
      'select attempts, backoff, timeout_seconds, priority from job order by sequence',
    ),
  ).toEqual([
    {
      attempts: 3,
      backoff: { seconds: 2, growth: 'exponential' },
      timeout_seconds: 30,
      priority: 20,
    },
    {
      attempts: 7,
      backoff: { seconds: 9, growth: 'fixed' },
      timeout_seconds: 5,
      priority: 30,
    },
  ]);
});

test('a declared queue brings its settings along', async () => {
  const queue = new PrioritizedQueue(
    'export-generation',
    () => Promise.resolve(),
    { con: database.dataSource, url: database.url },
  );
  await queue.add({ tenantId: 'a' });
  expect(await database.dataSource.query('select attempts from job')).toEqual([
    { attempts: 2 },
  ]);
});

test('refuses work that is not as its schema says, and adds nothing', async () => {
  const queue = queueOf(() => Promise.resolve(), {
    payload: z.object({ n: z.number().positive() }),
  });
  await expect(queue.add({ tenantId: 'a', n: -1 })).rejects.toThrow(
    'payload.n',
  );
  await expect(queue.add({ tenantId: '' })).rejects.toThrow('tenant.id');
  expect(await queue.stats()).toMatchObject({ pending: 0 });
});

test('nothing begins while the queue is paused, and all goes on afterwards', async () => {
  const { seen, full, add } = collect(1);
  const queue = queueOf(({ tenantId }) => Promise.resolve(add(tenantId)));
  const actor = 'on-call';
  await queue.pause({ actor, reason: 'repair' });
  await queue.add({ tenantId: 'a' });
  const worker = await start(queue);
  expect((await queue.stats()).pausedBy).toBe('on-call');
  expect(seen).toEqual([]);
  await queue.resume({ actor });
  await full;
  await worker.drain();
  expect(
    await database.dataSource.query(
      'select action, actor, reason, filter from audit_log order by id',
    ),
  ).toEqual([
    {
      action: 'queues.pause',
      actor,
      reason: 'repair',
      filter: { queue: 'exports' },
    },
    {
      action: 'queues.resume',
      actor,
      reason: null,
      filter: { queue: 'exports' },
    },
  ]);
});

test('a handler that runs again adds its work once, and the work knows its cause', async () => {
  const queue = queueOf(() => Promise.resolve());
  const cause = { id: 'the-cause', subscription: 'any', manager: undefined };
  const add = () => withCause(cause, () => queue.add({ tenantId: 'a' }));
  expect(await add()).toBe(await add());
  expect(await database.dataSource.query('select cause from job')).toEqual([
    { cause: 'the-cause' },
  ]);
});

test('work of a transaction begins when that commits', async () => {
  const { full, add } = collect(1);
  const queue = queueOf(({ tenantId }) => Promise.resolve(add(tenantId)));
  await start(queue);
  await database.dataSource.transaction(async (manager) => {
    await queue.add({ tenantId: 'a' }, undefined, { manager });
    expect(await queue.stats()).toMatchObject({ pending: 0 });
  });
  await full;
});
