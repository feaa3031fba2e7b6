import type { DataSource } from 'typeorm';

import { maximumJobs } from '../../../../src/jobs/handlers/webhooks/limits.ts';
import { retryWebhooks } from '../../../../src/jobs/handlers/webhooks/retry.ts';
import { useTestDatabase } from '../../../helpers.ts';
import {
  createDelivery,
  createEndpoint,
  deliveryOf,
  jobsAbout,
} from './set-up.ts';

const database = useTestDatabase();

const retry = (con: DataSource, pageSize = 200) =>
  retryWebhooks(
    con,
    { signal: new AbortController().signal, progress: () => undefined },
    { pageSize },
  );

const deliveries = async (con: DataSource, count: number) => {
  const endpoint = await createEndpoint(con, 'https://example.com/');
  const ids: string[] = [];
  for (let each = 0; each < count; each += 1)
    ids.push(await createDelivery(con, endpoint.id));
  return ids;
};

const setJobs = (con: DataSource, ids: readonly string[], state: string) =>
  con.query(
    `update job set state = $2 where payload ->> 'deliveryId' = any($1)`,
    [ids, state],
  );

beforeEach(async () => {
  await database.con.query('delete from webhook_deliveries');
  await database.con.query('delete from job');
});

describe('retry-webhooks', () => {
  it.each(['pending', 'scheduled', 'running'])(
    'leaves a delivery alone whose job is %s',
    async (state) => {
      const { con } = database;
      const ids = await deliveries(con, 1);
      await setJobs(con, ids, state);
      expect(await retry(con)).toEqual({ enqueued: 0, failed: 0 });
    },
  );

  it.each(['delivered', 'failed'])(
    'leaves one alone that is %s',
    async (state) => {
      const { con } = database;
      await deliveries(con, 1);
      await con.query('delete from job');
      await con.query('update webhook_deliveries set state = $1', [state]);
      expect(await retry(con)).toEqual({ enqueued: 0, failed: 0 });
    },
  );

  it('gives a job to one whose job failed, and to one whose job is gone', async () => {
    const { con } = database;
    const [failed, gone] = await deliveries(con, 2);
    await setJobs(con, [failed!], 'failed');
    await con.query(`delete from job where payload ->> 'deliveryId' = $1`, [
      gone,
    ]);

    expect(await retry(con)).toEqual({ enqueued: 2, failed: 0 });
    expect(await retry(con)).toEqual({ enqueued: 0, failed: 0 });

    for (const id of [failed!, gone!]) {
      const live = (await jobsAbout(con, 'deliver-webhook', id)).filter(
        ({ state }) => state === 'pending',
      );
      expect(live).toHaveLength(1);
      expect(await deliveryOf(con, id)).toMatchObject({
        jobId: live[0]!.id,
        jobs: 2,
      });
    }
  });

  it('gives one job to each, in pages, however many run at once', async () => {
    const { con } = database;
    const ids = await deliveries(con, 25);
    await con.query('delete from job');
    const results = await Promise.all([1, 2, 3, 4].map(() => retry(con, 4)));
    const rest = await retry(con, 4);
    expect(
      [...results, rest].reduce((sum, { enqueued }) => sum + enqueued, 0),
    ).toBe(25);
    const [row] = await con.query<{ jobs: number; deliveries: number }[]>(
      `select count(*)::int as jobs, count(distinct payload ->> 'deliveryId')::int as deliveries from job`,
    );
    expect(row).toEqual({ jobs: 25, deliveries: ids.length });
  });

  it('gives up on one whose jobs all came to nothing', async () => {
    const { con } = database;
    const [id] = await deliveries(con, 1);
    for (let each = 1; each < maximumJobs; each += 1) {
      await con.query('delete from job');
      expect(await retry(con)).toEqual({ enqueued: 1, failed: 0 });
    }
    await con.query('delete from job');
    expect(await retry(con)).toEqual({ enqueued: 0, failed: 1 });
    expect(await deliveryOf(con, id!)).toMatchObject({
      state: 'failed',
      error: 'no attempt came to its end',
    });
  });
});
