import type {
  ClaimedTask,
  FlowBackend,
} from '../../../src/flows/backend/port.ts';
import { createPostgresBackend } from '../../../src/flows/backend/postgres-backend.ts';
import {
  brokenCounters,
  cancelFlow,
  Flow,
  getFlowRun,
  pauseFlow,
  startFlow,
} from '../../../src/flows/index.ts';
import { useTestDatabase } from '../../helpers.ts';
import { backendOf } from './backend.ts';

const database = useTestDatabase();
let backend: FlowBackend;
let test_: ReturnType<typeof backendOf>;

const diamond = new Flow<{ n: number }>('diamond')
  .step('top', {}, () => 1)
  .step('left', { dependsOn: ['top'] }, () => 2)
  .step('right', { dependsOn: ['top'] }, () => 3)
  .step('bottom', { dependsOn: ['left', 'right'] }, () => 4);

beforeAll(() => {
  backend = createPostgresBackend(database.con);
  test_ = backendOf(database.con, backend);
});
beforeEach(async () => {
  await database.con.query(
    'truncate job, job_attempt, jobs_completed, flow_run, flow_step, flow_task, flow_shard, flow_signal, flow_event',
  );
});
afterEach(async () => {
  expect(await brokenCounters(database.con.manager)).toEqual([]);
});

const start = async (n = 1): Promise<string> =>
  (await startFlow(diamond, { n }, { manager: database.con.manager })).id;

const claimAll = async (): Promise<ClaimedTask[]> => {
  const claimed = await backend.claim(await test_.deliveries(diamond));
  return claimed.filter((task) => task !== undefined);
};

const jobs = async (): Promise<number> => {
  const [row] = await database.con.query<{ jobs: number }[]>(
    'select count(*)::int as jobs from job',
  );
  return row!.jobs;
};

test('claims many tasks at once, each with its input and the outputs before it', async () => {
  const runs = [await start(1), await start(2)];
  const tops = await claimAll();
  expect(tops.map(({ input }) => input)).toEqual([{ n: 1 }, { n: 2 }]);
  await test_.complete(diamond, tops, { top: true });
  const middle = await claimAll();
  expect(
    middle.map(({ run, step, outputs }) => [run, step, outputs]).sort(),
  ).toEqual(
    runs
      .flatMap((run) => [
        [run, 'left', { top: { top: true } }],
        [run, 'right', { top: { top: true } }],
      ])
      .sort(),
  );
});

test('the ends of both dependencies in one settle begin their dependent once', async () => {
  const run = await start();
  await test_.complete(diamond, await claimAll());
  const middle = await claimAll();
  expect(middle).toHaveLength(2);
  expect(await test_.complete(diamond, middle)).toEqual(['settled', 'settled']);
  const bottom = await claimAll();
  expect(bottom.map(({ step }) => step)).toEqual(['bottom']);
  await test_.complete(diamond, bottom, 'out');
  expect(await getFlowRun(database.con.manager, run)).toMatchObject({
    state: 'completed',
    output: 'out',
  });
  expect(await jobs()).toBe(0);
});

test('the ends of both dependencies in two settles at once begin their dependent once', async () => {
  for (let round = 0; round < 20; round++) {
    await start();
    await test_.complete(diamond, await claimAll());
    const middle = await claimAll();
    await Promise.all(middle.map((task) => test_.complete(diamond, [task])));
    const bottom = await claimAll();
    expect(bottom).toHaveLength(1);
    await test_.complete(diamond, bottom);
  }
});

test('a task delivered twice at once is claimed by one', async () => {
  await start();
  const [delivery] = await test_.deliveries(diamond);
  const other = {
    ...delivery!,
    claim: { ...delivery!.claim, id: '00000000-0000-7000-8000-000000000000' },
  };
  const claimed = await Promise.all([
    backend.claim([delivery!]),
    backend.claim([other]),
  ]);
  expect(claimed.flat().filter((task) => task !== undefined)).toHaveLength(1);
  expect(await test_.complete(diamond, claimed[0] as ClaimedTask[])).toEqual([
    'settled',
  ]);
  // The same message once more, after the end.
  expect(await backend.claim([delivery!])).toEqual([undefined]);
});

test('a zombie that completes after its lease was taken over changes nothing', async () => {
  await start();
  const [zombie] = await claimAll();
  await test_.expire();
  const [heir] = await claimAll();
  expect(heir!.claim.fence).toBeGreaterThan(zombie!.claim.fence);
  expect(await test_.complete(diamond, [zombie!], 'zombie')).toEqual(['lost']);
  expect(await test_.complete(diamond, [heir!], 'heir')).toEqual(['settled']);
  const middle = await claimAll();
  expect(middle[0]!.outputs).toEqual({ top: 'heir' });
});

test('a zombie that completes before anybody took its task over has completed it', async () => {
  await start();
  const [zombie] = await claimAll();
  await test_.expire();
  expect(await test_.complete(diamond, [zombie!], 'late')).toEqual(['settled']);
  const next = await claimAll();
  expect(next.map(({ step }) => step).sort()).toEqual(['left', 'right']);
});

test('a completion after cancel changes nothing, and its message is done', async () => {
  const run = await start();
  const [task] = await claimAll();
  await cancelFlow(database.con.manager, run, { actor: 'test' });
  expect(await test_.complete(diamond, [task!])).toEqual(['lost']);
  expect(await jobs()).toBe(0);
  expect((await getFlowRun(database.con.manager, run))?.state).toBe(
    'cancelled',
  );
});

test('a message that comes again after settle and ack finds nothing to do', async () => {
  await start();
  const deliveries = await test_.deliveries(diamond);
  const tasks = (await backend.claim(deliveries)) as ClaimedTask[];
  await test_.complete(diamond, tasks);
  const before = await jobs();
  expect(await test_.complete(diamond, tasks)).toEqual(['lost']);
  expect(await backend.claim(deliveries)).toEqual([undefined]);
  expect(await jobs()).toBe(before);
});

test('a claim whose answer was lost can be asked again by the same owner', async () => {
  await start();
  const deliveries = await test_.deliveries(diamond);
  const [first] = await backend.claim(deliveries);
  expect(first).toBeDefined();
  const [second] = await backend.claim(deliveries);
  expect(second?.step).toBe('top');
});

test('a settle that is rolled back has begun nothing', async () => {
  await start();
  const [task] = await claimAll();
  await expect(
    database.con.transaction(async (manager) => {
      expect(
        await backend.settle(
          [{ ...task!, state: 'completed', output: '1' }],
          [],
          manager,
        ),
      ).toEqual(['settled']);
      throw new Error('killed between settle and commit');
    }),
  ).rejects.toThrow('killed');
  expect(await test_.complete(diamond, [task!])).toEqual(['settled']);
});

test('a message about a paused run is done, and begins nothing', async () => {
  const run = await start();
  await pauseFlow(database.con.manager, run, { actor: 'test' });
  expect(await claimAll()).toEqual([]);
  expect(await jobs()).toBe(0);
});

test('a run that nobody committed is seen by nobody', async () => {
  await expect(
    database.con.transaction(async (manager) => {
      await startFlow(diamond, { n: 1 }, { manager });
      throw new Error('rolled back');
    }),
  ).rejects.toThrow('rolled back');
  expect(await claimAll()).toEqual([]);
});
