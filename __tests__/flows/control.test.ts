import { once } from 'node:events';

import {
  cancelFlow,
  describeRun,
  Flow,
  getFlowRun,
  InvalidFlowInputError,
  listFlowRuns,
  pauseFlow,
  resumeFlow,
  retryFlow,
  RunStateError,
  signalFlow,
  startFlow,
  UnknownRunError,
} from '../../src/flows/index.ts';
import { Gate } from '../jobs/dispatch/dispatching.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { flowing, type Flowing } from './flowing.ts';

let database: TestDatabase;
let running: Flowing;

const operator = { actor: 'ada', reason: 'a test' };
let isBroken = true;
let gate = new Gate();
let seen: AbortSignal | undefined;
const calls: string[] = [];

const fragile = new Flow('fragile')
  .step('first', {}, ({ task }) => void calls.push(task.key))
  .step(
    'breaks',
    { dependsOn: ['first'], attempts: 2, backoff: { seconds: 0 } },
    () => {
      if (isBroken) throw new Error('it is broken');
      return 'mended';
    },
  )
  .step('after', { dependsOn: ['breaks'] }, ({ outputs }) => outputs.breaks);

const gated = new Flow('gated')
  .step('hold', {}, async ({ signal }) => {
    seen = signal;
    await Promise.race([gate.opened, once(signal, 'abort')]);
  })
  .step('after', { dependsOn: ['hold'] }, () => 'done');

const approval = new Flow('approval')
  .waitFor('approved')
  .step(
    'publish',
    { dependsOn: ['approved'] },
    ({ outputs }) => outputs.approved,
  );

const impatient = new Flow('impatient').waitFor('never', {
  timeoutSeconds: 0.01,
  onTimeout: 'skip',
});

beforeAll(async () => {
  database = await createTestDatabase();
  running = flowing(database.dataSource, database.url, [
    fragile,
    gated,
    approval,
    impatient,
  ]);
  await running.dispatcher.start();
});

afterAll(async () => {
  gate.open();
  await running.dispatcher.drain();
  await database.drop();
});

const entries = (run: string) =>
  database.dataSource.query<{ identity: string; state: string }[]>(
    `select identity, state from dead_letter where source = 'flow' and event_id = $1`,
    [run],
  );

const started = async (
  flow: Flow<unknown, object, unknown>,
): Promise<string> => {
  const { manager } = database.dataSource;
  return (await startFlow(flow, null, { manager })).id;
};

const isWaiting = (run: string) => async () => {
  const [row] = await database.dataSource.query<{ state: string }[]>(
    `select state from flow_task where run_id = $1`,
    [run],
  );
  return row?.state === 'waiting';
};

test.each([
  ['key', 'é'.repeat(257)],
  ['key', ''],
  ['cause', 'x'.repeat(513)],
  ['cause', 'a\0b'],
])(
  'a %s that no index holds is refused when a run is started',
  async (name, text) => {
    const { manager } = database.dataSource;
    await expect(
      startFlow(approval, null, { manager, [name]: text }),
    ).rejects.toThrow(
      new InvalidFlowInputError('approval', [
        `expected a ${name} of 1 to 512 bytes without NUL`,
      ]),
    );
  },
);

test('an exhausted step fails its run and makes one entry at the desk; a retry goes on from there', async () => {
  const { manager } = database.dataSource;
  isBroken = true;
  const id = await started(fragile);
  expect(await running.ended(id)).toBe('failed');
  expect(await entries(id)).toEqual([
    { identity: `${id}:breaks`, state: 'open' },
  ]);
  const failed = await describeRun(manager, id);
  expect(failed?.steps.map(({ state }) => state)).toEqual([
    'completed',
    'failed',
    'pending',
  ]);
  expect(failed?.steps[1]?.why).toMatch(/it is broken/);

  isBroken = false;
  await retryFlow(manager, id, operator);
  expect(await running.ended(id)).toBe('completed');
  expect((await getFlowRun(manager, id))?.output).toBe('mended');
  expect(await entries(id)).toEqual([
    { identity: `${id}:breaks`, state: 'redriven' },
  ]);
  expect(calls.filter((key) => key === `${id}:first:0`)).toHaveLength(1);
  await expect(retryFlow(manager, id, operator)).rejects.toThrow(RunStateError);
});

test('a step that has completed can be done again, with everything below it', async () => {
  const { manager } = database.dataSource;
  isBroken = false;
  const id = await started(fragile);
  expect(await running.ended(id)).toBe('completed');
  await retryFlow(manager, id, operator, { from: 'first' });
  expect(await running.ended(id)).toBe('completed');
  expect(calls.filter((key) => key === `${id}:first:0`)).toHaveLength(2);
  expect((await getFlowRun(manager, id))?.output).toBe('mended');
});

test('cancelling a run tells its running steps, and what they still do changes nothing', async () => {
  const { manager } = database.dataSource;
  gate = new Gate();
  seen = undefined;
  const id = await started(gated);
  await running.until(async () => true);
  while (!seen) await new Promise(setImmediate);
  const aborted = once(seen, 'abort');
  await cancelFlow(manager, id, operator);
  await aborted;
  expect(await running.ended(id)).toBe('cancelled');
  await running.until(async () => running.dispatcher.running === 0);
  const { steps, run } = (await describeRun(manager, id))!;
  expect(run.reason).toBe('a test');
  expect(steps[1]?.state).toBe('pending');
  await expect(cancelFlow(manager, id, operator)).rejects.toThrow(
    RunStateError,
  );

  gate.open();
  await retryFlow(manager, id, operator);
  expect(await running.ended(id)).toBe('completed');
});

test('a paused run begins no steps until it is resumed', async () => {
  const { manager } = database.dataSource;
  gate = new Gate();
  const id = await started(gated);
  await pauseFlow(manager, id, operator);
  gate.open();
  await running.until(async () => {
    const [row] = await database.dataSource.query<{ jobs: number }[]>(
      'select count(*)::int as jobs from job where cause = $1',
      [id],
    );
    return row!.jobs === 0;
  });
  const paused = (await describeRun(manager, id))!;
  expect(paused.run.state).toBe('paused');
  expect(paused.steps.some(({ why }) => why === 'the run is paused')).toBe(
    true,
  );
  await resumeFlow(manager, id, operator);
  expect(await running.ended(id)).toBe('completed');
});

test('a signal ends a wait, whether it is sent before or after the wait begins', async () => {
  const { manager } = database.dataSource;
  const id = await started(approval);
  await running.until(isWaiting(id));
  expect((await describeRun(manager, id))?.steps[0]?.why).toBe(
    'waits for the signal approved',
  );
  expect(
    await signalFlow(manager, id, 'approved', { by: 'ada' }, { key: '1' }),
  ).toBe(true);
  expect(
    await signalFlow(manager, id, 'approved', { by: 'bob' }, { key: '1' }),
  ).toBe(false);
  expect(await running.ended(id)).toBe('completed');
  expect((await getFlowRun(manager, id))?.output).toEqual({ by: 'ada' });

  const early = await manager.transaction(async (own) => {
    const { id: run } = await startFlow(approval, null, { manager: own });
    await signalFlow(own, run, 'approved', 'early');
    return run;
  });
  expect(await running.ended(early)).toBe('completed');
  expect((await getFlowRun(manager, early))?.output).toBe('early');
});

test('a wait ends when its time is up', async () => {
  const id = await started(impatient);
  expect(await running.ended(id)).toBe('completed');
  const { steps } = (await describeRun(database.dataSource.manager, id))!;
  expect(steps[0]?.state).toBe('skipped');
});

test('a run with the same key is not made twice', async () => {
  const { manager } = database.dataSource;
  isBroken = false;
  const first = await startFlow(fragile, null, { manager, key: 'once' });
  const second = await startFlow(fragile, null, { manager, key: 'once' });
  expect(second).toEqual({ id: first.id, created: false });
  expect(await running.ended(first.id)).toBe('completed');
  const runs = await listFlowRuns(manager, {
    flow: 'fragile',
    state: 'completed',
  });
  expect(runs.map(({ id }) => id)).toContain(first.id);
});

test('a run that does not exist is refused by its id', async () => {
  const { manager } = database.dataSource;
  const id = '00000000-0000-7000-8000-000000000000';
  await expect(cancelFlow(manager, id, operator)).rejects.toThrow(
    UnknownRunError,
  );
  expect(await describeRun(manager, id)).toBeUndefined();
});
