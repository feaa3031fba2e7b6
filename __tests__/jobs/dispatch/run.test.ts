import { pino } from 'pino';
import type { QueryRunner } from 'typeorm';
import { z } from 'zod';

import { Run } from '../../../src/jobs/dispatch/run.ts';
import type { AnyJobHandler } from '../../../src/jobs/registry.ts';
import { useTestDatabase } from '../../helpers.ts';
import { clearJobs, storeOf } from '../store/store.ts';

const database = useTestDatabase();

beforeEach(() => clearJobs(database.con));

/** A run of one job, claimed, and not begun. */
const runOf = async (handler: AnyJobHandler, timeoutSeconds = 60) => {
  const { store, enqueue, claim } = storeOf(database.con);
  await enqueue({ timeoutSeconds });
  const [job] = await claim();
  return new Run(job!, {
    registry: {
      queues: {},
      declarations: { test: { payload: z.unknown() } },
      handlers: { test: handler },
    },
    store,
    con: database.con,
    logger: pino({ level: 'silent' }),
  });
};

const withoutWords = Object.create(null) as unknown;

const hostile = Object.defineProperty(new Error(), 'message', {
  get: () => {
    throw new Error('not even this');
  },
});

const odd = Object.assign(new Error('odd'), { stack: { lines: [] } });

test.each([
  ['nothing', undefined],
  ['a frozen object', Object.freeze({ why: 'cold' })],
  ['an object without words', withoutWords],
  ['an error that cannot be read', hostile],
  ['an error whose stack is no text', odd],
  ['a symbol', Symbol('odd')],
])('a handler that throws %s has failed', async (_, thrown) => {
  const run = await runOf({
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    handler: () => Promise.reject(thrown),
  });
  const end = await run.end();
  const { store } = storeOf(database.con);
  if (end.type !== 'failed') throw new Error(`expected failed: ${end.type}`);
  expect(await store.settle([{ ...run.job, outcome: end }])).toEqual([
    'retried',
  ]);
});

test('what was cut before its transaction began does not call its handler', async () => {
  let calls = 0;
  const run = await runOf({
    transactional: true,
    handler: () => Promise.resolve(++calls),
  });
  const end = run.end();
  run.cut();
  expect(await end).toEqual({ type: 'released' });
  expect(calls).toBe(0);
});

test('the time of a transactional job runs while it waits for a connection', async () => {
  let calls = 0;
  const run = await runOf(
    {
      transactional: true,
      handler: () => Promise.resolve(++calls),
    },
    0.05,
  );
  const held: QueryRunner[] = [];
  for (let count = 0; count < 10; count++) {
    const runner = database.con.createQueryRunner();
    await runner.connect();
    held.push(runner);
  }
  try {
    expect(await run.end()).toMatchObject({
      type: 'failed',
      error: { name: 'JobTimeoutError' },
    });
  } finally {
    for (const runner of held) await runner.release();
  }
  // All connections come back, and the handler has not been called with one.
  await Promise.all(
    held.map(() => database.con.query('select pg_sleep(0.01)')),
  );
  expect(calls).toBe(0);
});

test('a transactional handler that swallows the error of a statement is told so', async () => {
  const run = await runOf({
    transactional: true,
    handler: (_, { manager }) =>
      manager.query('select from nowhere').catch(() => undefined),
  });
  expect(await run.end()).toMatchObject({
    type: 'failed',
    error: { name: 'TransactionFailedError' },
  });
});

test('what a transactional job told of itself is kept if it cannot be committed', async () => {
  const run = await runOf({
    transactional: true,
    handler: async (_, { manager, log }) => {
      log('begun');
      await manager.query('select from nowhere').catch(() => undefined);
    },
  });
  await run.end();
  expect(run.notes.take()).toEqual({ log: ['begun'] });
});
