import { pino } from 'pino';

import { openRedriver } from '../../src/commands/redriver.ts';
import { fullRegistry } from '../../src/commands/work-registry.ts';
import { redriveMany } from '../../src/host/redrive-many.ts';
import {
  brokenCounters,
  describeRun,
  Flow,
  getFlowRun,
  retryFlow,
  startFlow,
  sweepFlows,
} from '../../src/flows/index.ts';
import { createPostgresBackend } from '../../src/flows/backend/postgres-backend.ts';
import { storeOf } from '../jobs/store/store.ts';
import { useTestDatabase } from '../helpers.ts';
import { backendOf } from './backend/backend.ts';
import { flowing, type Flowing } from './flowing.ts';

const database = useTestDatabase();
const silent = pino({ level: 'silent' });
let running: Flowing | undefined;
let failsFor = new Set<number>();

const effect = new Flow('effect')
  .step('write', { transactional: true }, async ({ manager, task }) => {
    await manager.query('insert into flow_effect (key) values ($1)', [
      task.key,
    ]);
    return 'written';
  })
  .step('after', { dependsOn: ['write'] }, ({ outputs }) => outputs.write);

const items = new Flow<{ count: number }>('items')
  .map(
    'each',
    {
      items: ({ input }) => Array.from({ length: input.count }, (_, n) => n),
      attempts: 1,
      transactional: true,
    },
    async ({ item, manager, task }) => {
      if (failsFor.has(item)) throw new Error(`no luck with ${item}`);
      await manager.query('insert into flow_effect (key) values ($1)', [
        task.key,
      ]);
      return item;
    },
  )
  .step('collect', { dependsOn: ['each'] }, ({ outputs }) => outputs.each);

const lenient = new Flow('lenient')
  .step('may-fail', { attempts: 1, onExhausted: 'skip' }, (): string => {
    throw new Error('no luck');
  })
  .map(
    'some',
    {
      dependsOn: ['may-fail'],
      items: () => [1, 2, 3],
      attempts: 1,
      onExhausted: 'skip',
    },
    ({ item }) => {
      if (item === 2) throw new Error('not this one');
      return item;
    },
  )
  .step('after', { dependsOn: ['may-fail', 'some'] }, ({ outputs }) => [
    outputs['may-fail'] ?? 'skipped',
    outputs.some,
  ]);

const inner = new Flow('inner').step('work', { attempts: 1 }, () => {
  if (failsFor.has(0)) throw new Error('the child fails');
  return 'from the child';
});

const outer = new Flow('outer').child('inner', inner, { input: () => null });

const megabyte = 'x'.repeat(1_048_000);
const times = (count: number) => ({
  items: () => Array.from({ length: count }, (_, n) => n),
});
/** Each of the maps alone is small enough. */
const heavy = new Flow('heavy')
  .map('some', times(16), () => megabyte)
  .map('more', times(17), () => megabyte)
  .step('collect', { dependsOn: ['some', 'more'] }, ({ outputs }) => outputs);

const hoard = new Flow('hoard').map('each', times(33), () => megabyte);
const parentOfHoard = new Flow('parent-of-hoard').child('child', hoard, {
  input: () => null,
});

const wordy = new Flow('wordy').map(
  'each',
  // Fewer characters than the bound, and more bytes.
  { items: () => Array.from({ length: 40 }, () => 'é'.repeat(500_000)) },
  () => null,
);

const serve = async (): Promise<Flowing> => {
  const { url } = database.con.options as { readonly url: string };
  running = flowing(
    database.con,
    url,
    [effect, items, lenient, inner, outer, heavy, hoard, parentOfHoard, wordy],
    {
      concurrency: 10,
    },
  );
  await running.dispatcher.start();
  return running;
};

beforeAll(() =>
  database.con.query('create table flow_effect (key text not null)'),
);
beforeEach(async () => {
  failsFor = new Set();
  await database.con.query(
    'truncate job, job_attempt, jobs_completed, dead_letter, flow_run, flow_step, flow_task, flow_shard, flow_signal, flow_event, flow_effect',
  );
});
afterEach(async () => {
  await running?.dispatcher.drain();
  running = undefined;
  expect(await brokenCounters(database.con.manager)).toEqual([]);
});

const start = async <Input>(flow: Flow<Input, object, unknown>, input: Input) =>
  (await startFlow(flow, input, { manager: database.con.manager })).id;

const effects = async (): Promise<string[]> =>
  (
    await database.con.query<{ key: string }[]>(
      'select key from flow_effect order by key',
    )
  ).map(({ key }) => key);

const entries = () =>
  database.con.query<{ identity: string; state: string; attempts: number }[]>(
    `select identity, state, attempts from dead_letter where source = 'flow'`,
  );

test('a worker killed between effect and settle leaves no effect, and the next one makes it once', async () => {
  const id = await start(effect, undefined);
  const { deliveries, expire } = backendOf(
    database.con,
    createPostgresBackend(database.con),
  );
  const [task] = await createPostgresBackend(database.con).claim(
    await deliveries(effect),
  );
  // The effect is written, then the process is gone: its connection with it.
  const runner = database.con.createQueryRunner();
  await runner.startTransaction();
  await runner.query('insert into flow_effect (key) values ($1)', [
    `${task!.run}:write:0`,
  ]);
  await runner.rollbackTransaction();
  await runner.release();
  await expire();
  const { ended } = await serve();
  expect(await ended(id)).toBe('completed');
  expect(await effects()).toEqual([`${id}:write:0`]);
});

test('a run whose job was deleted by hand is found and finished by the sweeper', async () => {
  const id = await start(effect, undefined);
  await database.con.query('delete from job');
  expect(await sweepFlows(database.con, silent)).toBe(1);
  expect(await sweepFlows(database.con, silent)).toBe(0);
  const { ended } = await serve();
  expect(await ended(id)).toBe('completed');
  expect(await effects()).toEqual([`${id}:write:0`]);
});

test('a task whose job was deleted while it ran goes to another one, and the first changes nothing', async () => {
  const id = await start(effect, undefined);
  const backend = createPostgresBackend(database.con);
  const { deliveries, complete } = backendOf(database.con, backend);
  const [task] = await backend.claim(await deliveries(effect));
  await database.con.query('delete from job');
  expect(await sweepFlows(database.con, silent)).toBe(1);
  expect(await complete(effect, [task!])).toEqual(['lost']);
  const { ended } = await serve();
  expect(await ended(id)).toBe('completed');
});

test('a task whose job failed in a process without flows settles its run', async () => {
  const id = await start(effect, undefined);
  const { store } = storeOf(database.con);
  const [job] = await store.claim({
    queue: 'flows',
    limit: 1,
    worker: 'another',
  });
  await store.settle([
    {
      id: job!.id,
      fence: job!.fence,
      outcome: { type: 'failed', error: new Error('foreign'), permanent: true },
    },
  ]);
  expect(await sweepFlows(database.con, silent)).toBe(1);
  expect((await getFlowRun(database.con.manager, id))?.state).toBe('failed');
  expect(await entries()).toEqual([
    { identity: `${id}:write`, state: 'open', attempts: 1 },
  ]);
  const [left] = await database.con.query<{ open: number }[]>(
    `select count(*)::int as open from dead_letter where source = 'job' and state = 'open'`,
  );
  expect(left!.open).toBe(0);
});

test('several items of a map that fail make one entry, and its redrive runs these items alone', async () => {
  failsFor = new Set([3, 7, 11]);
  const { ended, until } = await serve();
  const id = await start(items, { count: 20 });
  expect(await ended(id)).toBe('failed');
  await until(async () => {
    const [row] = await database.con.query<{ open: number }[]>(
      `select count(*)::int as open from job`,
    );
    return row!.open === 0;
  });
  expect(await entries()).toHaveLength(1);
  expect((await describeRun(database.con.manager, id))?.steps[0]?.state).toBe(
    'failed',
  );
  const before = (await effects()).length;
  failsFor = new Set();
  const redriver = openRedriver(database.con, silent, fullRegistry);
  try {
    expect(
      await redriveMany(redriver, {
        filter: { source: 'flow', state: 'open' },
        limit: 10,
        actor: 'on-call',
        reason: 'mended',
        signal: new AbortController().signal,
      }),
    ).toMatchObject({ redriven: 1, failed: 0, skipped: 0 });
  } finally {
    await redriver.close();
  }
  expect(await ended(id)).toBe('completed');
  expect(await entries()).toMatchObject([{ state: 'redriven' }]);
  const keys = await effects();
  expect(keys).toHaveLength(20);
  expect(new Set(keys).size).toBe(20);
  expect(before).toBeLessThan(20);
  expect((await getFlowRun(database.con.manager, id))?.output).toEqual(
    Array.from({ length: 20 }, (_, n) => n),
  );
});

test('exhausted steps and items that may be skipped leave the run to go on without them', async () => {
  const { ended } = await serve();
  const id = await start(lenient, undefined);
  expect(await ended(id)).toBe('completed');
  expect((await getFlowRun(database.con.manager, id))?.output).toEqual([
    'skipped',
    [1, null, 3],
  ]);
  expect(await entries()).toEqual([]);
});

/** Runs a flow that fails. @returns why its steps did */
const whyFailed = async (
  flow: Flow<unknown, object, unknown>,
): Promise<(string | undefined)[]> => {
  const { ended } = await serve();
  const id = await start(flow, undefined);
  expect(await ended(id)).toBe('failed');
  const description = await describeRun(database.con.manager, id);
  return description!.steps
    .filter(({ state }) => state === 'failed')
    .map(({ why }) => why);
};

test('outputs that are more together than a step can be given fail it, and say so', async () => {
  expect(await whyFailed(heavy)).toEqual([
    expect.stringMatching(
      /^FanInTooLargeError: expected the outputs that collect depends on to be at most 33554432 bytes together, got 34584066, most of them from more;/,
    ),
  ]);
});

test('a child that puts out more than a step can fails the step that waits for it', async () => {
  expect(await whyFailed(parentOfHoard)).toEqual([
    expect.stringMatching(
      /^RunOutputTooLargeError: expected the output of the run \S+ to be at most 33554432 bytes, got 34584066;/,
    ),
  ]);
});

test('the items of a map are bounded in bytes, whatever characters they are of', async () => {
  expect(await whyFailed(wordy)).toEqual([
    expect.stringMatching(
      /^UnkeepableOutputError: expected the step each of wordy to return something that can be kept, but its items are more than 33554432 bytes as JSON: 34 of 40 are 34000068;/,
    ),
  ]);
});

test('a map of no items ends at once', async () => {
  const { ended } = await serve();
  const id = await start(items, { count: 0 });
  expect(await ended(id)).toBe('completed');
  expect((await getFlowRun(database.con.manager, id))?.output).toEqual([]);
});

test('a child that fails fails the step that waits for it, and is retried with it', async () => {
  failsFor = new Set([0]);
  const { ended } = await serve();
  const id = await start(outer, undefined);
  expect(await ended(id)).toBe('failed');
  expect((await entries()).map(({ state }) => state)).toEqual(['open', 'open']);
  failsFor = new Set();
  await retryFlow(database.con.manager, id, { actor: 'test' });
  expect(await ended(id)).toBe('completed');
  expect((await getFlowRun(database.con.manager, id))?.output).toBe(
    'from the child',
  );
});
