import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import type pg from 'pg';

import {
  cronSchemaSql,
  queueWorkerSql,
  undoQueueWorkerSql,
  wantsCronSchema,
} from '../../src/jobs/queue-worker-sql/index.ts';
import { pgNetStandIn, pgsqlHttpStandIn } from './stand-ins.ts';

/** Connections of one run: `admin` is a superuser, `app` the role that owns what migrations made. */
export interface Connections {
  readonly admin: pg.Client;
  readonly app: pg.Client;
  /** Another session of `app`, which its user ends. */
  readonly connectApp: () => Promise<pg.Client>;
}

/** A check by what it shows. They build upon each other. */
export interface Check {
  readonly name: string;
  run(connections: Connections, signal: AbortSignal): Promise<void>;
}

const token = 'a-token-of-many-characters';
const base = 'https://app.example.com';

const rows = async (
  client: pg.Client,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Record<string, unknown>[]> =>
  (await client.query<Record<string, unknown>>(sql, [...values])).rows;

const install = async (
  { admin }: Connections,
  schema: string,
  statements: readonly string[],
): Promise<void> => {
  for (const statement of statements) await admin.query(statement);
  // As hosts grant it to the roles that may use the extension.
  await admin.query(`grant usage on schema ${schema} to app`);
  await admin.query('grant select, insert on recorded_post to app');
  await admin.query(`grant select on all tables in schema ${schema} to app`);
};

/** pg_cron starts what is due at the full minute; longer than two of them is a failure. */
const patience = 130_000;

const nextPost = async (
  { admin }: Connections,
  signal: AbortSignal,
): Promise<Record<string, unknown>> => {
  await admin.query('truncate recorded_post');
  for (const giveUpAt = Date.now() + patience; Date.now() < giveUpAt;) {
    const [post] = await rows(admin, 'select * from recorded_post limit 1');
    if (post) return post;
    await delay(250, undefined, { signal });
  }
  const details = await rows(
    admin,
    'select command, status, return_message from cron.job_run_details order by runid desc limit 5',
  );
  throw new Error(
    `expected pg_cron to post within ${patience / 1000} s; its last runs: ${JSON.stringify(details)}`,
  );
};

const expectPost = (post: Record<string, unknown>, extension: string): void => {
  assert.equal(post.extension, extension);
  assert.equal(post.url, `${base}/api/worker`);
  assert.deepEqual(post.headers, {
    Authorization: `Bearer ${token}`,
    'Content-Type': 'application/json',
  });
  assert.equal(post.body, '{}');
};

const scheduled = (client: pg.Client) =>
  rows(client, 'select jobname, schedule, command from cron.job order by 1');

export const checks: readonly Check[] = [
  {
    name: 'where pg_cron can be had, the migrations make no schema cron of their own',
    run: async ({ app }) => {
      const [row] = await rows(app, `select to_regnamespace('cron') as cron`);
      assert.equal(row?.cron, null);
    },
  },
  {
    name: 'without pg_cron a queue worker is the background process to run',
    run: async ({ app }) => {
      await app.query('select install_worker($1, $2)', [base, token]);
      assert.deepEqual(
        await rows(
          app,
          'select name, pg_cron_job from queue_worker order by name',
        ),
        [
          { name: 'cleanup-cron-details', pg_cron_job: null },
          { name: 'runWorkerEveryMinute', pg_cron_job: null },
        ],
      );
    },
  },
  {
    name: 'pg_cron that the role may not use changes nothing, and creating a queue worker says so',
    run: async ({ admin, app }) => {
      await admin.query('create extension pg_cron');
      const warned = once(app, 'notice') as Promise<[{ message: string }]>;
      await app.query('select install_worker($1, $2)', [base, token]);
      assert.match((await warned)[0].message, /app cannot post by it/);
      assert.deepEqual(
        await rows(
          app,
          'select name from queue_worker where pg_cron_job is not null',
        ),
        [],
      );
    },
  },
  {
    name: 'pg_cron that comes later takes the queue workers over, and sees no token',
    run: async (connections) => {
      const { admin, app } = connections;
      await admin.query('grant usage on schema cron to app');
      await install(connections, 'net', pgNetStandIn);
      await app.query('select sync_queue_workers()');
      assert.deepEqual(await scheduled(app), [
        {
          jobname: 'cleanup-cron-details',
          schedule: '0 0 * * *',
          command: 'select public.clean_queue_worker_runs()',
        },
        {
          jobname: 'runWorkerEveryMinute',
          schedule: '* * * * *',
          command: `select public.invoke_queue_worker('runWorkerEveryMinute')`,
        },
      ]);
    },
  },
  {
    name: 'pg_cron posts by pg_net (stand-in) at the full minute',
    run: async (connections, signal) =>
      expectPost(await nextPost(connections, signal), 'pg_net'),
  },
  {
    name: 'pg_cron posts by pgsql-http (stand-in) at the full minute, and the answer is kept',
    run: async (connections, signal) => {
      await connections.admin.query('drop schema net cascade');
      await install(connections, 'extensions', pgsqlHttpStandIn);
      expectPost(await nextPost(connections, signal), 'http');
      const [run] = await rows(
        connections.app,
        'select scheduler, status, error from queue_worker_run order by id desc limit 1',
      );
      assert.deepEqual(run, { scheduler: 'pg_cron', status: 204, error: null });
    },
  },
  {
    name: 'the run details of pg_cron tell of the run, not of the token',
    run: async ({ admin }) => {
      const details = await rows(admin, 'select * from cron.job_run_details');
      assert.ok(details.some(({ status }) => status === 'succeeded'));
      assert.ok(!JSON.stringify(details).includes(token));
    },
  },
  {
    name: 'creating a queue worker again changes its schedule in pg_cron',
    run: async ({ app }) => {
      for (const schedule of ['*/5 * * * *', '*/10 * * * *'])
        await app.query('select create_queue_worker($1, $2, $3, $4)', [
          'worker-default-1',
          `${base}/api/jobs/run?queue=default&status=pending`,
          token,
          schedule,
        ]);
      assert.deepEqual(
        (await scheduled(app)).filter(
          ({ jobname }) => jobname === 'worker-default-1',
        ),
        [
          {
            jobname: 'worker-default-1',
            schedule: '*/10 * * * *',
            command: `select public.invoke_queue_worker('worker-default-1')`,
          },
        ],
      );
    },
  },
  {
    name: 'cron.unschedule takes a queue worker away, with its token',
    run: async ({ app }) => {
      await app.query(`select cron.unschedule('worker-default-1')`);
      await app.query('select sync_queue_workers()');
      assert.deepEqual(
        await rows(
          app,
          `select name from queue_worker where name = 'worker-default-1'`,
        ),
        [],
      );
      assert.deepEqual(
        await rows(app, 'select name from queue_worker_private.token'),
        [{ name: 'runWorkerEveryMinute' }],
      );
    },
  },
  {
    name: 'drop_queue_worker takes it from pg_cron, too',
    run: async ({ app }) => {
      await app.query('select create_queue_worker($1, $2, $3, $4)', [
        'worker-failed-1',
        `${base}/api/jobs/run?queue=default&status=failed`,
        token,
        '*/5 * * * *',
      ]);
      await app.query(`select drop_queue_worker('worker-failed-1')`);
      assert.deepEqual(
        (await scheduled(app)).map(({ jobname }) => jobname),
        ['cleanup-cron-details', 'runWorkerEveryMinute'],
      );
    },
  },
  {
    name: 'run details older than seven days are deleted, the others stay',
    run: async ({ admin, app }) => {
      await admin.query('grant delete on cron.job_run_details to app');
      await admin.query(
        `insert into cron.job_run_details (jobid, username, command, start_time, end_time)
         select 1, 'app', 'old', t, t from (values (now() - interval '8 days'), (now() - interval '6 days')) v (t)`,
      );
      await app.query('select clean_queue_worker_runs()');
      const [row] = await rows(
        admin,
        `select count(*)::int as count from cron.job_run_details where command = 'old'`,
      );
      assert.deepEqual(row, { count: 1 });
    },
  },
  {
    name: 'when pg_cron goes, the background process takes over; when it comes back, pg_cron does',
    run: async ({ admin, app }) => {
      const inCare = async () =>
        (
          await rows(
            app,
            'select pg_cron_job is not null as care from queue_worker',
          )
        ).map(({ care }) => care);
      await admin.query('drop extension pg_cron');
      await app.query('select sync_queue_workers()');
      assert.deepEqual(await inCare(), [false, false]);
      await admin.query('create extension pg_cron');
      await admin.query('grant usage on schema cron to app');
      await app.query('select sync_queue_workers()');
      assert.deepEqual(await inCare(), [true, true]);
      assert.equal((await scheduled(app)).length, 2);
    },
  },
  {
    name: 'adopt_pg_cron puts pg_cron in the place of our schema cron',
    run: async ({ admin, app }) => {
      await admin.query('drop extension pg_cron');
      for (const statement of cronSchemaSql('public'))
        await app.query(statement);
      await app.query(
        `select cron.schedule('nightly', '0 3 * * *', 'select 1')`,
      );
      await admin.query('select adopt_pg_cron()');
      assert.deepEqual(
        (await scheduled(app)).map(({ jobname }) => jobname),
        ['cleanup-cron-details', 'nightly', 'runWorkerEveryMinute'],
      );
      const [extension] = await rows(
        app,
        `select extname from pg_extension where extname = 'pg_cron'`,
      );
      assert.deepEqual(extension, { extname: 'pg_cron' });
    },
  },
  {
    name: 'the migration can be undone, which leaves nothing in pg_cron, and done again beside pg_cron',
    run: async ({ connectApp }) => {
      // pg_cron 1.4 fails in sessions that used it before it was dropped and created again.
      const app = await connectApp();
      try {
        for (const statement of undoQueueWorkerSql('public'))
          await app.query(statement);
        assert.deepEqual(await scheduled(app), []);
        const [wanted] = await rows(app, wantsCronSchema);
        assert.deepEqual(wanted, { wanted: false });
        for (const statement of queueWorkerSql('public'))
          await app.query(statement);
        await app.query('select install_worker($1, $2)', [base, token]);
        assert.equal((await scheduled(app)).length, 2);
      } finally {
        await app.end();
      }
    },
  },
];
