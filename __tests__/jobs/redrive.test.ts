import { openRedriver } from '../../src/commands/redriver.ts';
import { fullRegistry } from '../../src/commands/work-registry.ts';
import { redriveMany } from '../../src/host/redrive-many.ts';
import { find } from '../../src/jobs/store/find.ts';
import { useTestDatabase } from '../helpers.ts';
import { silentLogger } from './silent-logger.ts';
import { clearJobs, storeOf } from './store/store.ts';

const database = useTestDatabase();
let redriver: ReturnType<typeof openRedriver>;

beforeAll(() => {
  redriver = openRedriver(database.con, silentLogger, fullRegistry);
});
beforeEach(() => clearJobs(database.con));
afterAll(() => redriver.close());

/** A job of the real registry that failed for good. */
const failJob = async (payload: string): Promise<string> => {
  const { enqueue, claim, fail } = storeOf(database.con);
  const [id] = await enqueue({
    name: 'warm-trending-posts',
    queue: 'cache-warming',
    payload,
  });
  const [job] = await claim({ queue: 'cache-warming' });
  await fail(job!, { permanent: true });
  return id!;
};

const redrive = (options: { signal?: AbortSignal } = {}) =>
  redriveMany(redriver, {
    filter: { source: 'job', state: 'open' },
    limit: 10,
    actor: 'on-call',
    reason: 'mended',
    signal: options.signal ?? new AbortController().signal,
  });

const letters = () =>
  database.con.query(
    'select identity, state, redrives, attempts, state_changed_by, state_reason from dead_letter',
  );

test('a redrive runs the failed job once more and closes its entry in the name of the operator', async () => {
  const id = await failJob('{}');
  expect(await redrive()).toMatchObject({ chosen: 1, redriven: 1, failed: 0 });
  expect(await letters()).toEqual([
    {
      identity: id,
      state: 'redriven',
      redrives: 1,
      attempts: 1,
      state_changed_by: 'on-call',
      state_reason: 'mended',
    },
  ]);
  expect(await find(database.con.manager, id)).toMatchObject({
    state: 'completed',
    attempt: 2,
  });
});

test('what fails again stays open with its new error, and can be redriven again', async () => {
  const id = await failJob('"no object"');
  expect(await redrive()).toMatchObject({ redriven: 0, failed: 1 });
  expect(await redrive()).toMatchObject({ redriven: 0, failed: 1 });
  expect(await letters()).toMatchObject([
    { identity: id, state: 'open', redrives: 2, attempts: 3 },
  ]);
  expect(await find(database.con.manager, id)).toMatchObject({
    state: 'failed',
    attempt: 3,
  });
});

test('a job that was run again elsewhere is left alone', async () => {
  const id = await failJob('{}');
  await database.con.query(`update job set state = 'pending' where id = $1`, [
    id,
  ]);
  expect(await redrive()).toMatchObject({ redriven: 0, skipped: 1 });
});
