import type { Patient } from '../../src/doctor/check.ts';
import { jobsCheck } from '../../src/doctor/checks/jobs.ts';
import { useTestDatabase } from '../helpers.ts';
import { clearJobs, storeOf } from '../jobs/store/store.ts';

const database = useTestDatabase();

beforeEach(() => clearJobs(database.con));

const examine = () =>
  jobsCheck.run({
    query: (text: string, values?: readonly unknown[]) =>
      database.con.query(text, values && [...values]),
  } as Patient);

const real = { name: 'schedule-tasks' };

const age = (column: string) =>
  database.con.query(
    `update job set ${column} = now() - interval '10 minutes'`,
  );

test('nothing is wrong with jobs that begin and end', async () => {
  const { enqueue, claim } = storeOf(database.con);
  await enqueue(real, real);
  await claim({ limit: 1 });
  expect(await examine()).toEqual([
    { level: 'ok', message: 'Due jobs begin and running jobs end.' },
  ]);
});

test('a due job that nobody begins is broken, until somebody does', async () => {
  const { enqueue, claim } = storeOf(database.con);
  await enqueue(real, real);
  await age('run_at');
  expect(await examine()).toMatchObject([
    {
      level: 'broken',
      message:
        'Queue default has 2 due jobs that nobody begins, the oldest for 10 minutes, and none of it is running.',
      remedy: expect.stringContaining('nightshift jobs'),
    },
  ]);
  await claim({ limit: 1 });
  expect(await examine()).toMatchObject([
    {
      level: 'warning',
      message: expect.stringContaining('1 job of it is running'),
    },
  ]);
  await claim();
  expect(await examine()).toMatchObject([{ level: 'ok' }]);
});

test('a paused queue says who paused it', async () => {
  const { enqueue } = storeOf(database.con);
  await enqueue(real);
  await age('run_at');
  await database.con.query(
    `insert into job_queue (name, paused_at, paused_by) values ('default', now(), 'on-call')`,
  );
  expect(await examine()).toMatchObject([
    {
      level: 'warning',
      message: expect.stringContaining('it was paused by on-call'),
      remedy: 'nightshift queues resume default',
    },
  ]);
});

test('a job that runs longer than it may is named with its process', async () => {
  const { enqueue, claim } = storeOf(database.con);
  const [id] = await enqueue(real);
  await claim({ worker: 'host/7/abc' });
  await age('started_at');
  expect(await examine()).toMatchObject([
    {
      level: 'broken',
      message: `Job schedule-tasks ${id} of queue default has run for 10 minutes on host/7/abc, longer than it may.`,
    },
  ]);
});

test('jobs behind a failed one of their key are told of, until it is resolved', async () => {
  const { enqueue, claim, fail } = storeOf(database.con, { order: 'strict' });
  await enqueue({ ...real, key: 'a' }, { ...real, key: 'a' });
  await fail((await claim())[0]!, { permanent: true });
  expect(await examine()).toMatchObject([
    {
      level: 'warning',
      message: expect.stringMatching(
        /^1 job of queue default \(key a\) may wait behind job /,
      ),
    },
  ]);
  await database.con.query(`update dead_letter set state = 'resolved'`);
  expect(await examine()).toMatchObject([{ level: 'ok' }]);
});

test('jobs of names that nobody declares are noted', async () => {
  const { enqueue } = storeOf(database.con);
  await enqueue({ name: 'from-the-future' });
  expect(await examine()).toMatchObject([
    { level: 'note', message: expect.stringContaining('from-the-future') },
  ]);
});
