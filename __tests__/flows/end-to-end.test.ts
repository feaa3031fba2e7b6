import { Flow } from '../../src/flows/dsl/flow.ts';
import { startFlow } from '../../src/flows/control/start.ts';
import { runOutput } from '../../src/flows/read/output.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { flowing, type Flowing } from './flowing.ts';

let database: TestDatabase;
let running: Flowing;

const greet = new Flow<{ name: string }>('greet')
  .step('load', {}, async ({ input }) => ({ upper: input.name.toUpperCase() }))
  .step('store', { dependsOn: ['load'] }, async ({ outputs, task }) => ({
    said: `hello ${outputs.load.upper}`,
    key: task.key,
  }));

const everything = new Flow<{ count: number }>('everything')
  .step('begin', {}, ({ input }) => input.count)
  .map(
    'double',
    {
      dependsOn: ['begin'],
      items: ({ outputs }) =>
        Array.from({ length: outputs.begin }, (_, n) => n),
    },
    async ({ item }) => item * 2,
  )
  .sleep('nap', { dependsOn: ['begin'], seconds: 0.01 })
  .step('never', { dependsOn: ['begin'], when: () => false }, () => 'done')
  .child('greeting', greet, {
    dependsOn: ['nap'],
    input: () => ({ name: 'child' }),
  })
  .step(
    'sum',
    { dependsOn: ['double', 'greeting', 'never'], transactional: true },
    async ({ outputs, manager }) => {
      await manager.query('insert into flow_effect (value) values ($1)', [
        outputs.double.length,
      ]);
      return {
        doubled: outputs.double,
        said: outputs.greeting.said,
        never: outputs.never ?? 'skipped',
      };
    },
  );

beforeAll(async () => {
  database = await createTestDatabase();
  const { dataSource } = database;
  await dataSource.query('create table flow_effect (value int not null)');
  running = flowing(dataSource, database.url, [greet, everything]);
  await running.dispatcher.start();
});

afterAll(async () => {
  await running.dispatcher.drain();
  await database.drop();
});

const outputOf = async (run: string): Promise<unknown> =>
  JSON.parse(await runOutput(database.dataSource.manager, run));

test('a flow of two steps runs through the dispatcher, output to input', async () => {
  const { manager } = database.dataSource;
  const { id, created } = await startFlow(greet, { name: 'ada' }, { manager });
  expect(created).toBe(true);
  expect(await running.ended(id)).toBe('completed');
  expect(await outputOf(id)).toEqual({
    said: 'hello ADA',
    key: `${id}:store:0`,
  });
});

test('every type of step ends, and a map fans in in the order of its items', async () => {
  const { manager } = database.dataSource;
  const { id } = await startFlow(everything, { count: 40 }, { manager });
  expect(await running.ended(id)).toBe('completed');
  expect(await outputOf(id)).toEqual({
    doubled: Array.from({ length: 40 }, (_, n) => n * 2),
    said: 'hello CHILD',
    never: 'skipped',
  });
  expect(await manager.query('select value from flow_effect')).toEqual([
    { value: 40 },
  ]);
});
