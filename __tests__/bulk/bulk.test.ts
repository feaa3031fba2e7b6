import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';

import type { BulkRedriver } from '../../src/bulk/acts.ts';
import { endItem, giveBack, takeItems } from '../../src/bulk/items.ts';
import { type BulkRun, runBulk } from '../../src/bulk/run.ts';
import { openRedriver } from '../../src/commands/redriver.ts';
import { fullRegistry } from '../../src/commands/work-registry.ts';
import { writeDeadLetter } from '../../src/dead-letters/desk.ts';
import { PermanentError } from '../../src/dead-letters/permanent-error.ts';
import { redriveEntry } from '../../src/host/redrive.ts';
import { cancelFlow, Flow, startAnyFlow } from '../../src/flows/index.ts';
import { createJobs } from '../../src/jobs/create-job.ts';
import { type JobService, startJobs } from '../../src/jobs/service.ts';
import { request, startApi } from '../api/api.ts';
import { until } from '../until.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';

const operatorSecret = 'the-secret-of-the-operators';
const headers = {
  authorization: `Bearer ${operatorSecret}`,
  'x-operator': 'on-call',
};

let database: TestDatabase;
let app: FastifyInstance;
let jobs: JobService | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startApi(database, { operatorSecret });
});
beforeEach(async () => {
  for (const table of ['dead_letter', 'job', 'bulk_action'])
    await database.dataSource.query(`delete from ${table}`);
});
afterEach(async () => {
  await jobs?.drain();
  jobs = undefined;
});
afterAll(async () => {
  await app.close();
  await database.drop();
});

/** Serves bulk actions in this process, as `nightshift background` does. */
const serve = async () => {
  jobs = await startJobs({
    con: database.dataSource,
    url: database.url,
    registry: fullRegistry,
    queues: ['operator'],
    schedules: false,
    logger: pino({ level: 'silent' }),
  });
};

const ask = async <Data>(
  query: string,
  variables: Record<string, unknown> = {},
): Promise<Data> => {
  const { data, errors } = await request(app, query, { variables, headers });
  if (errors?.[0]) throw new Error(errors[0].message);
  return data as Data;
};

const bury = (count: number, payload: () => object) =>
  database.dataSource.transaction(async (manager) => {
    for (let index = 0; index < count; index++) {
      const identity = uuidv7();
      await writeDeadLetter(manager, {
        source: 'pubsub',
        subscription: 'api.comment-markdown',
        topic: 'comment-changed',
        identity,
        eventId: identity,
        publishTime: new Date(),
        payload: Buffer.from(JSON.stringify(payload())),
        attributes: { id: identity },
        error: new Error('broken'),
        attempts: 5,
      });
    }
  });
/** The comment is gone, which its worker takes for done. */
const readable = () => ({ commentId: uuidv7() });
const unreadable = () => ({ commentId: 'none' });

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly skipped: number;
  readonly left: number;
}
const counts = 'id state total done failed skipped left';

const begin = async (
  field: string,
  type: string,
  choice: object,
  rate = 500,
): Promise<Shown> => {
  const answer = await ask<Record<string, Shown>>(
    `mutation ($choice: ${type}!, $rate: Int!) {
      ${field}(choice: $choice, rate: $rate, reason: "a deploy mended it") { ${counts} }
    }`,
    { choice, rate },
  );
  return answer[field]!;
};

const look = async (id: string) =>
  (
    await ask<{
      bulkAction: { action: Shown; troubles: readonly object[] };
    }>(
      `query ($id: ID!) { bulkAction(id: $id) { action { ${counts} } troubles { outcome detail items } } }`,
      { id },
    )
  ).bulkAction;

const ended = async (id: string) => {
  await until(async () =>
    ['completed', 'cancelled'].includes((await look(id)).action.state),
  );
  return look(id);
};

const audited = (id: string) =>
  database.dataSource.query<
    { action: string; actor: string; reason: string; counts: object }[]
  >(
    'select action, actor, reason, counts from audit_log where operation = $1 order by id',
    [id],
  );

test('the desk is redriven by filter: counted before, done as a job, its beginning and end audited', async () => {
  await bury(12, readable);
  await bury(3, unreadable);
  const choice = { subscription: 'api.comment-markdown' };
  expect(
    await ask(
      `query ($choice: DeadLetterChoice!) {
        bulkPreview(kind: redriveDeadLetters, deadLetters: $choice) { matching groups { label items } most }
      }`,
      { choice },
    ),
  ).toEqual({
    bulkPreview: {
      matching: 15,
      groups: [
        {
          label: expect.stringContaining('api.comment-markdown'),
          items: 15,
        },
      ],
      most: 100_000,
    },
  });
  const begun = await begin('redriveInBulk', 'DeadLetterChoice', choice);
  expect(begun).toMatchObject({ state: 'running', total: 15, left: 15 });
  await serve();
  expect(await ended(begun.id)).toEqual({
    action: {
      id: begun.id,
      state: 'completed',
      total: 15,
      done: 12,
      failed: 3,
      skipped: 0,
      left: 0,
    },
    troubles: [{ outcome: 'failed', detail: expect.any(String), items: 3 }],
  });
  const line = { actor: 'on-call', reason: 'a deploy mended it' };
  expect(await audited(begun.id)).toEqual([
    {
      ...line,
      action: 'bulk.dead-letters.redrive.started',
      counts: { chosen: 15 },
    },
    {
      ...line,
      action: 'bulk.dead-letters.redrive.finished',
      counts: { chosen: 15, done: 12, failed: 3, skipped: 0, left: 0 },
    },
  ]);
});

test('an action that is cancelled leaves the rest alone', async () => {
  await bury(30, readable);
  const { id } = await begin(
    'resolveInBulk',
    'DeadLetterChoice',
    { all: true },
    1,
  );
  await serve();
  await until(async () => (await look(id)).action.done > 0);
  await ask(`mutation { cancelBulkAction(id: "${id}", reason: "too soon") }`);
  const { action } = await ended(id);
  expect(action.state).toBe('cancelled');
  expect(action.left).toBe(30 - action.done);
  expect(
    await database.dataSource.query(
      `select count(*)::int as count from dead_letter where state = 'open'`,
    ),
  ).toEqual([{ count: action.left }]);
  expect((await audited(id)).map(({ action }) => action)).toEqual([
    'bulk.dead-letters.resolve.started',
    'bulk.dead-letters.resolve.cancel',
    'bulk.dead-letters.resolve.cancelled',
  ]);
});

test('jobs are cancelled by filter, and others left alone', async () => {
  const { manager } = database.dataSource;
  await createJobs(
    'warm-kpi-health',
    Array.from({ length: 5 }, () => ({ payload: {} })),
    { manager },
  );
  await createJobs('warm-trending-posts', [{ payload: {} }], { manager });
  const { id } = await begin('cancelJobsInBulk', 'JobChoice', {
    name: 'warm-kpi-health',
  });
  await serve();
  expect((await ended(id)).action).toMatchObject({ total: 5, done: 5 });
  expect(
    await database.dataSource.query(
      `select name from job where queue = 'cache-warming'`,
    ),
  ).toEqual([{ name: 'warm-trending-posts' }]);
});

test('runs of flows are cancelled and retried by filter', async () => {
  const flow = new Flow('bulk', { input: z.object({}) }).step(
    'only',
    {},
    async () => null,
  );
  const { manager } = database.dataSource;
  const runs = [];
  for (let index = 0; index < 3; index++)
    runs.push((await startAnyFlow(flow, {}, { manager, key: `${index}` })).id);
  await cancelFlow(manager, runs[0]!, { actor: 'x' });
  const cancelled = await begin('cancelFlowsInBulk', 'FlowChoice', {
    flow: 'bulk',
  });
  await serve();
  expect((await ended(cancelled.id)).action).toMatchObject({
    total: 2,
    done: 2,
  });
  const retried = await begin('retryFlowsInBulk', 'FlowChoice', {
    flow: 'bulk',
    state: 'cancelled',
  });
  expect((await ended(retried.id)).action).toMatchObject({ total: 3, done: 3 });
  expect(
    await database.dataSource.query(
      `select distinct state from flow_run where flow = 'bulk'`,
    ),
  ).toEqual([{ state: 'running' }]);
});

test('a process that is killed in the middle leaves nothing undone and does nothing twice', async () => {
  await bury(60, readable);
  const { id } = await begin('redriveInBulk', 'DeadLetterChoice', {
    all: true,
  });
  // Stands still in the middle: otherwise it might be through before anybody comes to it.
  const holder = database.dataSource.createQueryRunner();
  await holder.query('select pg_advisory_lock(1)');
  await database.dataSource.query(
    `create function stand_still() returns trigger language plpgsql as $$ begin
       if (select count(*) >= 20 from dead_letter where redrives > 0)
         then perform pg_advisory_xact_lock(1); end if;
       return new;
     end $$`,
  );
  await database.dataSource.query(
    'create trigger stand_still before update on dead_letter for each row execute function stand_still()',
  );
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx/esm',
      fileURLToPath(new URL('bulk-process.ts', import.meta.url)),
      database.url,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(child.stdout, 'data');
  await until(async () => {
    const standing = await database.dataSource.query<unknown[]>(
      `select from pg_locks l join pg_database d on d.oid = l.database
        where d.datname = current_database() and l.locktype = 'advisory' and not l.granted`,
    );
    return standing.length > 0;
  });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await holder.query('select pg_advisory_unlock(1)');
  await holder.release();
  await database.dataSource.query('drop trigger stand_still on dead_letter');
  expect((await look(id)).action.left).toBeGreaterThan(0);
  // As if the lease of the killed process had run out.
  await database.dataSource.query(
    'update job set lease_until = clock_timestamp()',
  );
  await serve();
  expect((await ended(id)).action).toMatchObject({ total: 60, done: 60 });
  expect(
    await database.dataSource.query(
      'select redrives, count(*)::int as entries from dead_letter group by 1',
    ),
  ).toEqual([{ redrives: 1, entries: 60 }]);
});

/** A run of an action by a job that is not there any more once it returns. */
const runWith = (
  id: string,
  redrive: BulkRedriver['redrive'],
  options: Partial<BulkRun> = {},
) =>
  runBulk(id, {
    con: database.dataSource,
    holder: { id: uuidv7(), attempt: 1 },
    openRedriver: () => ({ redrive, close: async () => undefined }),
    signal: new AbortController().signal,
    ...options,
  });
const redriven = async () => ({ outcome: 'redriven' as const });
const beginWith = async (entries: number) => {
  await bury(entries, readable);
  return (await begin('redriveInBulk', 'DeadLetterChoice', { all: true })).id;
};

test('slow things end with the time of a job, and the rest is left to the next one', async () => {
  const id = await beginWith(3);
  expect(await runWith(id, redriven, { seconds: 0 })).toBe('more');
  expect((await look(id)).action).toMatchObject({ done: 1, left: 2 });
  expect(await runWith(id, redriven)).toBe('ended');
  expect((await look(id)).action).toMatchObject({ done: 3, left: 0 });
});

test('what takes too long is cut off, tried once more with all the time, and holds up nothing else', async () => {
  const id = await beginWith(2);
  let slow: string | undefined;
  const redrive: BulkRedriver['redrive'] = async (item, _, signal) => {
    slow ??= item;
    if (item !== slow) return redriven();
    // On a busy machine the time may be up before it begins.
    if (!signal.aborted) await once(signal, 'abort');
    return { outcome: 'interrupted', error: 'stopped' };
  };
  const short = { seconds: 0, cutSeconds: 0.05 };
  expect(await runWith(id, redrive, short)).toBe('more');
  expect((await look(id)).action).toMatchObject({ failed: 0, left: 2 });
  expect(await runWith(id, redrive, short)).toBe('more');
  expect(await runWith(id, redrive)).toBe('ended');
  expect(await look(id)).toMatchObject({
    action: { done: 1, failed: 1 },
    troubles: [{ detail: expect.stringContaining('run it by itself') }],
  });
});

test('what another operator has in hand is waited for, without costing the job an attempt', async () => {
  const id = await beginWith(2);
  let isLocked = true;
  const redrive: BulkRedriver['redrive'] = async () =>
    isLocked ? { outcome: 'skipped', reason: 'locked' } : redriven();
  expect(await runWith(id, redrive)).toBe('held');
  expect(await runWith(id, redrive)).toBe('held');
  isLocked = false;
  expect(await runWith(id, redrive)).toBe('ended');
  expect((await look(id)).action).toMatchObject({ done: 2, failed: 0 });
});

test('a run that was taken for gone gives back nothing that another one has by now', async () => {
  const id = await beginWith(1);
  const { manager } = database.dataSource;
  const gone = { id: uuidv7(), attempt: 1 };
  const [item] = await takeItems(manager, id, gone, 1);
  const next = { id: uuidv7(), attempt: 2 };
  expect(await takeItems(manager, id, next, 1)).toMatchObject([
    { resumed: true },
  ]);
  await giveBack(manager, id, gone, [item!]);
  await endItem(manager, id, item!, { outcome: 'done' });
  expect((await look(id)).action).toMatchObject({ done: 1, left: 0 });
});

test('what an error quotes is not kept with a thing that failed', async () => {
  const id = await beginWith(1);
  await runWith(id, async () => ({
    outcome: 'failed',
    error: 'Key (name)=(Ana Smith) exists, see https://example.com/ana',
  }));
  const [trouble] = (await look(id)).troubles;
  expect(trouble).toMatchObject({ items: 1 });
  expect(JSON.stringify(trouble)).not.toMatch(/Ana|example/);
});

test("an action's job is cancelled with the action alone", async () => {
  const id = await beginWith(1);
  const [{ id: job }] =
    await database.dataSource.query<[{ id: string }]>('select id from job');
  await expect(
    begin('cancelJobsInBulk', 'JobChoice', { queue: 'operator' }),
  ).rejects.toThrow(/means nothing/);
  await expect(ask(`mutation { cancelJob(id: "${job}") }`)).rejects.toThrow(
    /a bulk action; cancel that/,
  );
  expect((await look(id)).action.state).toBe('running');
});

/** Fails an action's job for good, as a version that cannot run it does. */
const failJob = async () => {
  jobs = await startJobs({
    con: database.dataSource,
    url: database.url,
    registry: {
      ...fullRegistry,
      handlers: {
        'operator-bulk-action': {
          handler: () => Promise.reject(new PermanentError('broken')),
        },
      },
    },
    queues: ['operator'],
    schedules: false,
    logger: pino({ level: 'silent' }),
  });
  await until(async () => {
    const failed = await database.dataSource.query<unknown[]>(
      `select from dead_letter where source = 'job'`,
    );
    return failed.length > 0;
  });
  await jobs.drain();
};

test('an action whose job failed for good goes on when that is redriven', async () => {
  const id = await beginWith(2);
  await failJob();
  const [{ id: entry }] = await database.dataSource.query<[{ id: string }]>(
    `select id from dead_letter where source = 'job'`,
  );
  const redriver = openRedriver(
    database.dataSource,
    pino({ level: 'silent' }),
    fullRegistry,
  );
  const { signal } = new AbortController();
  expect(
    await redriveEntry(redriver, { id: entry, actor: 'on-call', signal }),
  ).toMatchObject({ outcome: 'redriven' });
  await redriver.close();
  expect((await look(id)).action).toMatchObject({
    state: 'completed',
    done: 2,
  });
});

test('an action whose job failed for good can be cancelled', async () => {
  const id = await beginWith(2);
  await failJob();
  await ask(
    `mutation { cancelBulkAction(id: "${id}", reason: "it is stuck") }`,
  );
  await serve();
  expect((await ended(id)).action).toMatchObject({
    state: 'cancelled',
    left: 2,
  });
});

test.each([
  ['redriveInBulk', 'DeadLetterChoice', {}, /expected ids or a filter/],
  ['cancelJobsInBulk', 'JobChoice', {}, /expected a queue or a name/],
  ['cancelFlowsInBulk', 'FlowChoice', {}, /expected a flow/],
  [
    'retryFlowsInBulk',
    'FlowChoice',
    { flow: 'x', state: 'running' },
    /expected a state among failed, cancelled/,
  ],
  ['cancelJobsInBulk', 'JobChoice', { name: 'none' }, /means nothing/],
])('%s of %s %j is refused', async (field, type, choice, message) => {
  await expect(begin(field, type, choice)).rejects.toThrow(message);
  expect(await database.dataSource.query('select from bulk_action')).toEqual(
    [],
  );
});
