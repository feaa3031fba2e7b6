import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { pino } from 'pino';
import { z } from 'zod';

import { createJob, getJob } from '../../../../src/jobs/create-job.ts';
import { type JobName, jobs } from '../../../../src/jobs/declarations.ts';
import applyDataRetention from '../../../../src/jobs/handlers/applyDataRetention.ts';
import { cached } from '../../../../src/jobs/handlers/cache/cached.ts';
import { requestExport } from '../../../../src/jobs/handlers/exports/request.ts';
import generateExport from '../../../../src/jobs/handlers/generateExport.ts';
import warmKpiHealth from '../../../../src/jobs/handlers/warmKpiHealth.ts';
import warmTrendingPosts from '../../../../src/jobs/handlers/warmTrendingPosts.ts';
import { runJobs } from '../../../../src/jobs/invoke/run-jobs.ts';
import { type QueueName, queues } from '../../../../src/jobs/queues.ts';
import type { AnyJobHandler } from '../../../../src/jobs/registry.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../setup/database.ts';
import { createCommunity } from '../../../workers/community.ts';

const handlers = {
  'generate-export': generateExport,
  'warm-trending-posts': warmTrendingPosts,
  'warm-kpi-health': warmKpiHealth,
  'apply-data-retention': applyDataRetention,
} as Partial<Record<JobName, AnyJobHandler>> as Record<string, AnyJobHandler>;

let database: TestDatabase;
let home: string;

beforeAll(async () => {
  database = await createTestDatabase();
  home = await mkdtemp(join(tmpdir(), 'nightshift-handlers-'));
  // Read once, when a handler first asks.
  process.env.NIGHTSHIFT_HOME = home;
  process.env.EXPORT_LINK_SECRET = 'a-secret-of-16-characters';
});
afterAll(async () => {
  await database.drop();
  await rm(home, { recursive: true });
});

/** Runs what waits in a queue, as one request would. */
const run = (queue: QueueName) =>
  runJobs({
    con: database.dataSource,
    registry: { queues, declarations: jobs, handlers },
    logger: pino({ level: 'silent' }),
    queue,
    status: 'pending',
    limit: 10,
  });

it('writes an export that was asked for, and leaves the mail to its own job', async () => {
  const { dataSource: con } = database;
  const { manager } = con;
  const { author } = await createCommunity(con);
  const { id } = await con.transaction((within) =>
    requestExport(within, {
      userId: author.id,
      kind: 'my-posts',
      format: 'pdf',
    }),
  );
  const { jobs: ran } = await run('export-generation');
  expect(ran).toMatchObject([
    { name: 'generate-export', outcome: 'completed' },
  ]);
  expect(await getJob(ran[0]!.id, { manager })).toMatchObject({
    state: 'completed',
    result: { outcome: 'ready', rows: 1 },
  });
  expect(await readdir(join(home, 'exports', 'exports', id))).toEqual([
    'my-posts.pdf',
  ]);
  const [mail] = await con.query<{ payload: unknown }[]>(
    `select payload from job where name = 'send-email'`,
  );
  const { context } = z
    .object({ context: z.object({ link: z.url(), file: z.string() }) })
    .parse(jobs['send-email'].payload.parse(mail?.payload));
  expect(context).toMatchObject({ file: 'my-posts.pdf' });
});

it('runs the others by what they are declared as, and keeps what they did as their result', async () => {
  const { manager } = database.dataSource;
  const made = [
    await createJob('warm-trending-posts', { payload: {} }, { manager }),
    await createJob('warm-kpi-health', { payload: {} }, { manager }),
    await createJob(
      'apply-data-retention',
      { payload: { dryRun: true } },
      { manager },
    ),
  ];
  await run('cache-warming');
  await run('reconciliation');
  const results = [];
  for (const id of made) results.push((await getJob(id, { manager }))?.result);
  expect(results).toMatchObject([
    { key: 'trending-posts' },
    { key: 'kpi-health' },
    { dryRun: true, rows: { dead_letter: 0 } },
  ]);
  expect(await cached(database.dataSource, 'kpi-health')).toMatchObject({
    stale: false,
  });
});
