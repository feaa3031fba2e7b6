import { completedLately } from '../../../src/jobs/operate/completed-lately.ts';
import { listJobs } from '../../../src/jobs/operate/list.ts';
import { queueStatistics } from '../../../src/jobs/operate/statistics.ts';
import { useTestDatabase } from '../../setup/use-test-database.ts';

const database = useTestDatabase();

beforeEach(() => database.con.query('truncate jobs_completed'));

const archive = (
  count: number,
  queue: string,
  {
    name = 'sync-connection',
    ago = '1 min',
    state = 'completed',
  }: { name?: string; ago?: string; state?: string } = {},
) =>
  database.con.query(
    `insert into jobs_completed (id, queue, name, state, priority, tenant, payload, attempt, attempts, created_at,
       run_at, finished_at)
     select gen_random_uuid(), $2, $3, $4, 1, '', '{}', 1, 1, now(), now(),
       now() - $5::interval - i * interval '1 ms'
     from generate_series(1, $1) as i`,
    [count, queue, name, state, ago],
  );

const completed = async () =>
  Object.fromEntries(
    (
      await queueStatistics(database.con.manager, undefined, completedLately)
    ).map(({ queue, completed }) => [queue, completed]),
  );

test('what was completed in the last hour is counted once, also what came since', async () => {
  await archive(3, 'sync', { ago: '30 min' });
  await archive(2, 'default');
  await archive(5, 'sync', { ago: '2 h' });
  await archive(1, 'sync', { state: 'failed' });
  expect(await completed()).toEqual({ sync: 3, default: 2 });
  await archive(4, 'sync', { ago: '0 s' });
  await archive(1, 'email-sending', { ago: '5 s' });
  const twice = { sync: 7, default: 2, 'email-sending': 1 };
  expect(await completed()).toEqual(twice);
  expect(await completed()).toEqual(twice);
  expect(
    await queueStatistics(database.con.manager, 'sync', completedLately),
  ).toMatchObject([{ queue: 'sync', completed: 7 }]);
});

test('pages of the archive by queue, by name and by both go on where the page before ended', async () => {
  await archive(5, 'sync');
  await archive(4, 'sync', { name: 'schedule-tasks', ago: '30 s' });
  await archive(3, 'default', { name: 'schedule-tasks' });
  await archive(2, 'sync', { state: 'failed' });
  const all = async (filter: { queue?: string; name?: string }) => {
    const found: string[] = [];
    for (;;) {
      const page = await listJobs(database.con.manager, {
        state: 'completed',
        ...filter,
        after: found.at(-1),
        limit: 2,
      });
      found.push(...page.map(({ id }) => id));
      if (page.length < 2) return found;
    }
  };
  const expected = async (condition: string) =>
    (
      await database.con.query<{ id: string }[]>(
        `select id from jobs_completed where state = 'completed' and ${condition} order by finished_at desc, id desc`,
      )
    ).map(({ id }) => id);
  for (const [filter, condition] of [
    [{}, 'true'],
    [{ queue: 'sync' }, `queue = 'sync'`],
    [{ name: 'schedule-tasks' }, `name = 'schedule-tasks'`],
    [
      { queue: 'sync', name: 'schedule-tasks' },
      `queue = 'sync' and name = 'schedule-tasks'`,
    ],
    [{ queue: 'none' }, 'false'],
  ] as const)
    expect(await all(filter)).toEqual(await expected(condition));
});
