import {
  Flow,
  getFlowRun,
  startFlow,
  withFlows,
} from '../../src/flows/index.ts';
import { work } from '../../src/jobs/invoke/work.ts';
import { useTestDatabase } from '../helpers.ts';
import { silentLogger } from '../jobs/silent-logger.ts';

const database = useTestDatabase();

const spread = new Flow<{ name: string }>('spread')
  .step('here', {}, ({ input }) => input.name)
  .map(
    'there',
    {
      dependsOn: ['here'],
      queue: 'reconciliation',
      items: ({ outputs }) => [...outputs.here],
    },
    ({ item }) => item.toUpperCase(),
  )
  .step('end', { dependsOn: ['there'], queue: 'default' }, ({ outputs }) =>
    outputs.there.join(''),
  );

const invoke = () =>
  work({
    con: database.con,
    logger: silentLogger,
    registry: withFlows(
      {
        queues: { default: {}, flows: {}, reconciliation: {} },
        declarations: {},
        handlers: {},
      },
      [spread],
    ),
    // More than any step's timeout, or none would be claimed.
    budgetSeconds: 400,
    fireSchedules: () => Promise.resolve(0),
  });

test('one invocation of the worker runs a flow to its end, whatever queues its steps are in', async () => {
  const { manager } = database.con;
  const { id } = await startFlow(spread, { name: 'ada' }, { manager });
  const { counts, left } = await invoke();
  expect(left).toBe(0);
  // here, the items, three of them, and the end
  expect(counts.completed).toBe(6);
  expect(await getFlowRun(manager, id)).toMatchObject({
    state: 'completed',
    output: 'ADA',
  });
});

test('an invocation finds a run whose job was deleted by hand', async () => {
  const { manager } = database.con;
  const { id } = await startFlow(spread, { name: 'bob' }, { manager });
  await manager.query('delete from job');
  await invoke();
  expect((await getFlowRun(manager, id))?.state).toBe('completed');
});
