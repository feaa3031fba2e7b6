import type { EntityManager } from 'typeorm';

import type { ClaimedJob, Outcome } from '../../../src/jobs/port.ts';
import { archiveStopped } from '../../../src/jobs/store/archive-cancelled.ts';
import { extend } from '../../../src/jobs/store/extend.ts';
import { useTestDatabase } from '../../helpers.ts';
import { rowsRead } from '../../rows-read.ts';
import { storeOf } from './store.ts';

const database = useTestDatabase();

const jobs = 200;

test('what a heartbeat and an end read does not grow with the jobs that run, though statistics know of none', async () => {
  const { con } = database;
  await con.query('analyze job');
  const { store, enqueue, claim } = storeOf(con);
  await enqueue(...Array.from({ length: jobs }, () => ({})));
  const [first, second, third, fourth, ...others] = await claim({
    limit: jobs,
  });
  const settle =
    ({ id, fence }: ClaimedJob, outcome: Outcome) =>
    (manager: EntityManager) =>
      store.settle([{ id, fence, outcome, log: ['a line'] }], manager);
  const completed = { type: 'completed', result: undefined } as const;
  const error = new Error('no luck');
  const reads = {
    heartbeat: await rowsRead(con, (manager) => extend(manager, [first!], 10)),
    completed: await rowsRead(con, settle(second!, completed)),
    failed: await rowsRead(
      con,
      settle(third!, { type: 'failed', error, permanent: false }),
    ),
    released: await rowsRead(con, settle(fourth!, { type: 'released' })),
  };
  expect(others).toHaveLength(jobs - 4);
  for (const rows of Object.values(reads)) expect(rows).toBeLessThan(30);
  // Looks at whatever runs, once.
  expect(await rowsRead(con, archiveStopped)).toBeLessThan(2 * jobs);
});
