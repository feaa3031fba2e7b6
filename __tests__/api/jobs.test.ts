import type { AddressInfo } from 'node:net';

import { jest } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { FastifyInstance } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';

import { writeDeadLetter } from '../../src/dead-letters/desk.ts';
import type { NewJob } from '../../src/jobs/port.ts';
import type { AnyJobHandler, JobRegistry } from '../../src/jobs/registry.ts';
import { enqueue } from '../../src/jobs/store/enqueue.ts';
import { find } from '../../src/jobs/store/find.ts';
import { Gate } from '../jobs/dispatch/dispatching.ts';
import { clearJobs, newJob } from '../jobs/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { until } from '../until.ts';
import { startApi } from './api.ts';

const jobApiSecret = 'the-secret-of-the-job-api';
const workerSecret = 'the-secret-of-the-scheduler';

let database: TestDatabase;
let app: FastifyInstance;
let handlers: Record<string, AnyJobHandler>;

const registry = (): JobRegistry => ({
  queues: { default: { concurrency: 50 }, blocking: { order: 'strict' } },
  declarations: Object.fromEntries(
    Object.keys(handlers).map((name) => [name, { payload: z.unknown() }]),
  ),
  handlers,
});

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startApi(
    database,
    { jobApiSecret, workerSecret, workerBudgetSeconds: 30 },
    { jobs: () => Promise.resolve(registry()) },
  );
});

beforeEach(() => {
  handlers = {
    count: { handler: () => Promise.resolve() },
    fail: { handler: () => Promise.reject(new Error('no luck')) },
  };
  return clearJobs(database.dataSource);
});

afterAll(async () => {
  await app.close();
  await database.drop();
});

/** Every status that a route answered with in these tests. */
const answered = new Set<string>();

const record = (method: string, url: string, status: number): void => {
  const path = url.replace(/\?.*/, '').replace(/jobs\/(?!run$).+/, 'jobs/{id}');
  answered.add(`${method.toLowerCase()} ${path} ${status}`);
};

const call = async (
  method: 'GET' | 'POST',
  url: string,
  { token, body }: { token?: string; body?: object } = {},
) => {
  const answer = await app.inject({
    method,
    url,
    ...(body && { payload: body }),
    headers: token ? { authorization: `Bearer ${token}` } : {},
  });
  record(method, url, answer.statusCode);
  return {
    status: answer.statusCode,
    body: answer.json<Record<string, unknown>>(),
  };
};

const post = (url: string, body?: object, token = jobApiSecret) =>
  call('POST', url, { token, ...(body && { body }) });

const runNow = (query: string) =>
  post(`/api/jobs/run${query}`, undefined, workerSecret);

const create = async (...jobs: readonly Partial<NewJob>[]) =>
  (
    await enqueue(
      database.dataSource.manager,
      jobs.map((job) => newJob(job.queue === 'blocking', { ...job })),
    )
  ).map(({ id }) => id);

const messageOf = ({ body }: { body: Record<string, unknown> }): string =>
  (body.errors as { message: string }[])[0]!.message;

test('creates a job once for its idempotency key, and shows it', async () => {
  const job = {
    name: 'sync-connection',
    payload: { connectionId: uuidv7() },
    idempotencyKey: 'once',
    priority: 'HIGH',
    run_at: '2100-01-01T00:00:00+01:00',
  };
  const first = await post('/api/jobs', job);
  expect(first).toEqual({
    status: 201,
    body: { id: expect.any(String), created: true },
  });
  expect(await post('/api/jobs', job)).toEqual({
    status: 200,
    body: { id: first.body.id, created: false },
  });
  const shown = await call('GET', `/api/jobs/${String(first.body.id)}`, {
    token: jobApiSecret,
  });
  expect(shown).toMatchObject({
    status: 200,
    body: {
      name: 'sync-connection',
      queue: 'sync',
      state: 'scheduled',
      priority: 30,
      runAt: '2099-12-31T23:00:00.000Z',
      history: [],
    },
  });
});

test.each([
  [{ name: 'sync-conection', payload: {} }, 'sync-connection'],
  [{ name: 'sync-connection', payload: {} }, 'payload.connectionId'],
  [
    { name: 'schedule-tasks', payload: {}, run_at: '2026-11-23 09:00' },
    'with its zone',
  ],
  [{ name: 'schedule-tasks', payload: {}, queue: 'nowhere' }, 'queue'],
  [{ name: 'schedule-tasks', payload: {}, priority: 'URGENT' }, 'priority'],
  [{ name: 'schedule-tasks', payload: {}, retries: 3 }, 'retries'],
  [{ name: 'schedule-tasks' }, 'payload'],
  [
    { name: 'schedule-tasks', payload: { note: 'x'.repeat(1_050_000) } },
    'at most 1048576 bytes',
  ],
])(
  'refuses a wrong job and says what is wrong (%#)',
  async (body, expected) => {
    const answer = await post('/api/jobs', body);
    expect(answer.status).toBe(400);
    expect(messageOf(answer)).toContain(expected);
    expect(
      await database.dataSource.query('select count(*)::int as jobs from job'),
    ).toEqual([{ jobs: 0 }]);
  },
);

test('a body that does not say it is JSON is refused, and told what to say', async () => {
  const answer = await app.inject({
    method: 'POST',
    url: '/api/jobs',
    payload: '{"name":"schedule-tasks","payload":{}}',
    headers: {
      authorization: `Bearer ${jobApiSecret}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
  });
  record('POST', '/api/jobs', answer.statusCode);
  expect(answer.statusCode).toBe(415);
  expect(answer.body).toContain('content-type: application/json');
});

test('an unknown job is not found, and an id that is none is refused', async () => {
  const get = (id: string) =>
    call('GET', `/api/jobs/${id}`, { token: jobApiSecret });
  expect((await get(uuidv7())).status).toBe(404);
  expect((await get('seven')).status).toBe(400);
});

test.each([
  ['POST', '/api/jobs', 'JOB_API_SECRET'],
  ['GET', `/api/jobs/${uuidv7()}`, 'JOB_API_SECRET'],
  ['POST', '/api/jobs/run', 'WORKER_INVOCATION_SECRET'],
  ['POST', '/api/worker', 'WORKER_INVOCATION_SECRET'],
] as const)(
  '%s %s needs its own token, and is closed without one',
  async (method, url, variable) => {
    expect((await call(method, url)).status).toBe(401);
    const other = variable === 'JOB_API_SECRET' ? workerSecret : jobApiSecret;
    const refused = await call(method, url, { token: other });
    expect(refused.status).toBe(401);
    const closed = await startApi(database);
    const answer = await closed.inject({ method, url });
    record(method, url, answer.statusCode);
    expect(answer.statusCode).toBe(503);
    expect(answer.body).toContain(`because ${variable} is not set`);
    await closed.close();
  },
);

test('runs one pending job of the default queue unless told otherwise', async () => {
  const [first] = await create({ name: 'count' }, { name: 'count' });
  expect(await runNow('')).toEqual({
    status: 200,
    body: {
      jobs: [{ id: first, name: 'count', attempt: 1, outcome: 'completed' }],
    },
  });
  expect((await runNow('?queue=&status=&limit=')).body.jobs).toHaveLength(1);
  expect((await runNow('')).body.jobs).toEqual([]);
});

test('a strict queue is run in its order', async () => {
  const ids = await create(
    ...Array.from({ length: 4 }, () => ({
      name: 'count',
      queue: 'blocking',
    })),
  );
  const { body } = await runNow('?queue=blocking&limit=3');
  expect((body.jobs as { id: string }[]).map(({ id }) => id)).toEqual(
    ids.slice(0, 3),
  );
});

test('status=failed runs each failed job once more, and success closes its entry at the desk', async () => {
  const ids = await create(
    ...Array.from({ length: 3 }, () => ({ name: 'fail', attempts: 1 })),
  );
  await runNow('?limit=10');
  const again = await runNow('?status=failed&limit=10');
  expect(
    (again.body.jobs as { id: string; outcome: string }[])
      .map(({ id }) => id)
      .sort(),
  ).toEqual([...ids].sort());
  handlers.fail = { handler: () => Promise.resolve('repaired') };
  await runNow('?status=failed&limit=10');
  expect(
    await database.dataSource.query(
      'select state, count(*)::int as entries from dead_letter group by 1',
    ),
  ).toEqual([{ state: 'redriven', entries: 3 }]);
  expect(await find(database.dataSource.manager, ids[0]!)).toMatchObject({
    state: 'completed',
    result: 'repaired',
    attempt: 3,
  });
});

test('a clock that is ahead of the database runs each failed job once', async () => {
  const [id] = await create({ name: 'fail', attempts: 1 });
  await runNow('');
  jest.useFakeTimers({
    now: Date.now() + 3_600_000,
    doNotFake: [
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
      'setTimeout',
      'clearTimeout',
    ],
  });
  const { body } = await runNow('?status=failed&limit=5').finally(() =>
    jest.useRealTimers(),
  );
  expect(body.jobs).toEqual([
    { id, name: 'fail', attempt: 2, outcome: 'exhausted' },
  ]);
});

test('the entry of a job leaves an entry of a message alone', async () => {
  await writeDeadLetter(database.dataSource.manager, {
    source: 'pubsub',
    subscription: 'default',
    topic: 'any',
    identity: 'any',
    payload: Buffer.from('{}'),
    attributes: {},
    error: new Error('other'),
    attempts: 1,
  });
  await create({ name: 'count' });
  await runNow('');
  expect(
    await database.dataSource.query('select state from dead_letter'),
  ).toEqual([{ state: 'open' }]);
});

test.each([
  '?limit=0',
  '?limit=1001',
  '?status=done',
  '?queue=nowhere',
  '?x=1',
])('refuses to run jobs with %s', async (query) => {
  expect((await runNow(query)).status).toBe(400);
});

test('the worker runs what is due in every queue, and reports what will never fit its budget', async () => {
  await create(
    ...Array.from({ length: 20 }, () => ({
      name: 'count',
      timeoutSeconds: 1,
    })),
    { name: 'count', queue: 'blocking', timeoutSeconds: 1 },
    { name: 'count', timeoutSeconds: 60 },
    { name: 'count', timeoutSeconds: 1, runAt: new Date('2100-01-01') },
  );
  const { status, body } = await post('/api/worker', undefined, workerSecret);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    counts: { completed: 21, lost: 0 },
    tooLong: [{ queue: 'default', name: 'count', timeoutSeconds: 60, jobs: 1 }],
    left: 0,
  });
});

test('several workers at once run every job once', async () => {
  const seen: string[] = [];
  handlers.count = {
    handler: (_, { job }) => Promise.resolve(void seen.push(job.id)),
  };
  const ids = await create(
    ...Array.from({ length: 300 }, () => ({
      name: 'count',
      timeoutSeconds: 1,
    })),
  );
  await Promise.all(
    [1, 2, 3].map(() => post('/api/worker', undefined, workerSecret)),
  );
  expect([...seen].sort()).toEqual([...ids].sort());
});

test('a job that was begun for a caller who is gone is run again, and the attempt does not count', async () => {
  const begun = new Gate();
  handlers.count = {
    handler: (_, { signal }) => {
      begun.open();
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('stopped')));
      });
    },
  };
  const [id] = await create({ name: 'count', timeoutSeconds: 20 });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const caller = new AbortController();
  const request = fetch(`http://127.0.0.1:${port}/api/worker`, {
    method: 'POST',
    headers: { authorization: `Bearer ${workerSecret}` },
    signal: caller.signal,
  });
  await begun.opened;
  caller.abort();
  await expect(request).rejects.toThrow();
  const job = async () => find(database.dataSource.manager, id!);
  await until(async () => (await job())?.state === 'pending');
  expect(await job()).toMatchObject({ attempt: 0 });
});

test('a body larger than any job is refused', async () => {
  const answer = await post('/api/jobs', {
    name: 'schedule-tasks',
    payload: { note: 'x'.repeat(2_000_000) },
  });
  expect(answer.status).toBe(413);
});

test('the OpenAPI document is valid, and describes every route there is and every status it answers with', async () => {
  const body = (await app.inject('/api/openapi.json')).json<
    Record<string, unknown>
  >();
  const { valid, errors } = await new Validator().validate(body);
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
  const described = Object.entries(
    body.paths as Record<string, Record<string, unknown>>,
  ).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method, path]),
  );
  for (const [method, path] of described)
    expect(
      app.hasRoute({
        method: method!.toUpperCase(),
        url: path!.replace('{id}', ':id'),
      }),
    ).toBe(true);
  expect(described).toHaveLength(4);
  const statuses = Object.entries(
    body.paths as Record<
      string,
      Record<string, { responses: Record<string, unknown> }>
    >,
  ).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { responses }]) =>
      Object.keys(responses).map((status) => `${method} ${path} ${status}`),
    ),
  );
  expect([...answered].filter((each) => !statuses.includes(each))).toEqual([]);
  expect(answered.size).toBeGreaterThan(15);
});
