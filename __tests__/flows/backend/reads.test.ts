import type { DataSource, EntityManager } from 'typeorm';

import type { ClaimedTask } from '../../../src/flows/backend/port.ts';
import { createPostgresBackend } from '../../../src/flows/backend/postgres-backend.ts';
import {
  brokenCounters,
  Flow,
  planOf,
  startFlow,
} from '../../../src/flows/index.ts';
import { followersOf } from '../../../src/flows/execution/followers.ts';
import { expand } from '../../../src/flows/steps/own.ts';
import type { Running } from '../../../src/flows/steps/running.ts';
import { useTestDatabase } from '../../helpers.ts';
import { rowsRead } from '../../rows-read.ts';
import { backendOf } from './backend.ts';

const database = useTestDatabase();

const wide = new Flow('wide')
  .map('each', { items: () => [] }, ({ item }) => item)
  .step('after', { dependsOn: ['each'] }, () => null);
const plan = planOf(wide);
const items = 600;

/** A map whose items are all to be done. */
const begin = async () => {
  const { con } = database;
  const backend = createPostgresBackend(con);
  const test_ = backendOf(con, backend);
  await startFlow(wide, null, { manager: con.manager });
  const [finding] = await backend.claim(await test_.deliveries(wide));
  await expand(
    {
      task: finding,
      plan,
      planned: plan.steps[0],
      settling: con,
    } as unknown as Running,
    Array.from({ length: items }, (_, index) => String(index)),
  );
  const claim = async (): Promise<ClaimedTask[]> => {
    const claimed = await backend.claim(await test_.deliveries(wide));
    return claimed.filter((task) => task !== undefined);
  };
  return { backend, claim };
};

const end = (task: ClaimedTask) =>
  ({ ...task, state: 'completed', output: '1' }) as const;

const measured = (
  work: (manager: EntityManager) => Promise<unknown>,
): Promise<number> => rowsRead(database.con, work);

test('what an item of a map costs does not grow with the map, whether it ends alone or with others', async () => {
  const { con } = database;
  const before = await begin();
  for (;;) {
    const tasks = await before.claim();
    if (tasks.length === 0) break;
    await before.backend.settle(tasks.map(end), followersOf(plan, tasks[0]!));
  }
  // As they are taken between two maps: it seems that hardly any task ever runs.
  await con.query('analyze flow_task, job');
  const { backend, claim } = await begin();
  const [first, second, third, ...others] = await claim();
  const followers = (task: ClaimedTask) => followersOf(plan, task);
  const settle = await measured((manager) =>
    backend.settle([end(first!)], followers(first!), manager),
  );
  const settleItem = await measured((manager) =>
    backend.settleItem(end(second!), () => followers(second!), manager),
  );
  // Claims it once more, as the connections of a worker do: by its keys, past all others that run.
  const claimAgain = await measured((manager) =>
    createPostgresBackend({ manager } as DataSource).claim([third!]),
  );
  // A few rows for the task, its job and their versions; all of them would be more than a thousand.
  expect(settle).toBeLessThan(30);
  expect(settleItem).toBeLessThan(30);
  expect(claimAgain).toBeLessThan(30);
  expect(others).toHaveLength(97);
  expect(await brokenCounters(con.manager)).toEqual([]);
  // All others in two transactions at once, again and again: exactly one of them begins what follows.
  let left = [third!, ...others];
  for (; left[0]?.step === 'each'; left = await claim())
    await Promise.all(
      [0, 1].map((half) =>
        database.con.transaction(async (manager) => {
          for (const task of left.filter(({ idx }) => idx % 2 === half))
            expect(
              await backend.settleItem(
                end(task),
                () => followers(task),
                manager,
              ),
            ).toBe('settled');
        }),
      ),
    );
  expect(left.map(({ step }) => step)).toEqual(['after']);
  expect(await brokenCounters(con.manager)).toEqual([]);
});
