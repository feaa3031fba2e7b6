import { pino } from 'pino';

import { Settler } from '../../../src/jobs/dispatch/settler.ts';
import { useTestDatabase } from '../../helpers.ts';
import { clearJobs, storeOf } from '../store/store.ts';

const database = useTestDatabase();

beforeEach(() => clearJobs(database.con));

test('an end that Postgres refuses is a failure, and keeps no other waiting', async () => {
  const { store, enqueue, claim } = storeOf(database.con);
  const ids = await enqueue({}, {}, {});
  const jobs = await claim();
  const settler = new Settler(store, pino({ level: 'silent' }));
  const settled = await Promise.all(
    jobs.map((job, index) =>
      settler.settle({
        ...job,
        outcome: {
          type: 'completed',
          // Postgres refuses NUL in jsonb.
          result: index === 1 ? '"\\u0000"' : '1',
        },
      }),
    ),
  );
  expect(settled).toEqual(['completed', 'exhausted', 'completed']);
  expect((await store.find(ids[1]!))?.error).toContain('UnwritableEndError');
});
