import {
  type AnyFlow,
  brokenCounters,
  Flow,
  getFlowRun,
  startAnyFlow,
} from '../../src/flows/index.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { flowing, type Flowing } from './flowing.ts';

let database: TestDatabase;
let running: Flowing;

const length = 1_000;

/** Each step adds one to what the step before it returned. */
const chain = (): AnyFlow => {
  let flow: Flow<unknown, Record<string, number>, number> = new Flow(
    'chain',
  ).step('s0', {}, () => 1) as never;
  for (let n = 1; n < length; n++)
    flow = flow.step(
      `s${n}` as never,
      { dependsOn: [`s${n - 1}` as never] },
      ({ outputs }) => (outputs as Record<string, number>)[`s${n - 1}`]! + 1,
    ) as never;
  return flow;
};

const parallel = (): AnyFlow => {
  let flow: Flow<unknown, Record<string, number>, number> = new Flow(
    'parallel',
  ) as never;
  for (let n = 0; n < length; n++)
    flow = flow.step(`s${n}` as never, {}, () => n) as never;
  return flow.step(
    'sum' as never,
    { dependsOn: Array.from({ length }, (_, n) => `s${n}` as never) },
    ({ outputs }) =>
      Object.values(outputs as Record<string, number>).reduce(
        (sum, n) => sum + n,
        0,
      ),
  );
};

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await running.dispatcher.drain();
  expect(await brokenCounters(database.dataSource.manager)).toEqual([]);
  await database.drop();
});

test('a flow of 1,000 steps in a chain and one of 1,000 in parallel both finish', async () => {
  const flows = [chain(), parallel()];
  running = flowing(database.dataSource, database.url, flows, {
    concurrency: 20,
  });
  await running.dispatcher.start();
  const { manager } = database.dataSource;
  const runs = [];
  for (const flow of flows)
    runs.push(await startAnyFlow(flow, null, { manager }));
  for (const { id } of runs) expect(await running.ended(id)).toBe('completed');
  const outputs = [];
  for (const { id } of runs)
    outputs.push((await getFlowRun(manager, id))?.output);
  expect(outputs).toEqual([length, (length * (length - 1)) / 2]);
});
