import { randomUUID } from 'node:crypto';

import type { DataSource } from 'typeorm';

import { createJob } from '../../../src/jobs/create-job.ts';
import {
  pgNetStandIn,
  pgsqlHttpStandIn,
} from '../../../smoke/pg-cron/stand-ins.ts';
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';

const token = 'a-token-of-many-characters';
const url = 'https://app.example.com';

let database: TestDatabase;
let con: DataSource;

beforeEach(async () => {
  database = await createTestDatabase();
  con = database.dataSource;
});

afterEach(() => database.drop());

const install = async (statements: readonly string[]): Promise<void> => {
  for (const statement of statements) await con.query(statement);
};

interface Recorded {
  readonly extension: string;
  readonly url: string;
}

const posts = () =>
  con.query<Recorded[]>(
    'select extension, url, headers, body, timeout_milliseconds from recorded_post order by id',
  );

const runs = () =>
  con.query<object[]>(
    'select worker, status, error, ended_at is not null as ended from queue_worker_run order by id',
  );

test.each([
  ['pg_net', pgNetStandIn],
  ['http', pgsqlHttpStandIn],
])('posts with %s, bearing the token', async (extension, standIn) => {
  await install(standIn);
  await con.query('select install_worker($1, $2)', [url, token]);
  await con.query(`select invoke_queue_worker('runWorkerEveryMinute')`);
  expect(await posts()).toEqual([
    {
      extension,
      url: `${url}/api/worker`,
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
      },
      body: '{}',
      timeout_milliseconds: 55_000,
    },
  ]);
});

test('pgsql-http answers at once; the answer of pg_net is collected with the next run', async () => {
  await install(pgNetStandIn);
  await con.query('select install_worker($1, $2)', [url, token]);
  await con.query(`select invoke_queue_worker('runWorkerEveryMinute')`);
  expect(await runs()).toMatchObject([{ status: null, ended: false }]);
  await con.query(
    `insert into net._http_response (id, status_code, timed_out)
     select request_id, 200, false from queue_worker_run`,
  );
  await con.query(`select invoke_queue_worker('runWorkerEveryMinute')`);
  expect(await runs()).toMatchObject([
    { status: 200, error: null, ended: true },
    { ended: false },
  ]);
  await con.query('drop schema net cascade');
  await install(pgsqlHttpStandIn);
  await con.query(`select invoke_queue_worker('runWorkerEveryMinute')`);
  expect((await runs()).at(-1)).toMatchObject({ status: 204, ended: true });
});

test('without either extension a run says what is missing', async () => {
  await con.query('select install_worker($1, $2)', [url, token]);
  await con.query(`select invoke_queue_worker('runWorkerEveryMinute')`);
  expect(await runs()).toEqual([
    {
      worker: 'runWorkerEveryMinute',
      status: null,
      error:
        'expected the extension pg_net or http in this database, found neither that postgres may use',
      ended: true,
    },
  ]);
});

test('a function that another role made to look like an extension gets no token', async () => {
  const role = `intruder_${randomUUID().replaceAll('-', '')}`;
  await install(pgNetStandIn);
  await con.query(`create role ${role}`);
  try {
    await con.query(`grant create on schema net to ${role}`);
    await con.query(
      `alter function net.http_post(text, jsonb, jsonb, jsonb, integer) owner to ${role}`,
    );
    await con.query('select install_worker($1, $2)', [url, token]);
    await con.query(`select invoke_queue_worker('runWorkerEveryMinute')`);
    expect(await posts()).toEqual([]);
  } finally {
    await con.query(`drop owned by ${role} cascade`);
    await con.query(`drop role ${role}`);
  }
});

describe('the trigger on new jobs', () => {
  const installTrigger = (debounce: string): Promise<unknown> =>
    con.query('select install_job_trigger($1, $2, $3::interval)', [
      url,
      token,
      debounce,
    ]);

  const createOne = (runAt?: Date): Promise<string> =>
    con.transaction((manager) =>
      createJob(
        'generate-digests',
        { payload: {}, ...(runAt && { run_at: runAt }) },
        { manager },
      ),
    );

  test('is refused without pg_net, which alone posts after the commit', async () => {
    await install(pgsqlHttpStandIn);
    await expect(installTrigger('0')).rejects.toThrow(
      'expected the extension pg_net, which posts after the commit',
    );
  });

  test('posts once for a transaction of many jobs, and not for one that is rolled back', async () => {
    await install(pgNetStandIn);
    await installTrigger('0');
    await con.transaction(async (manager) => {
      for (let count = 0; count < 20; count++)
        await createJob('generate-digests', { payload: {} }, { manager });
    });
    await con
      .transaction(async (manager) => {
        await createJob('generate-digests', { payload: {} }, { manager });
        throw new Error('changed its mind');
      })
      .catch(() => undefined);
    expect(await posts()).toMatchObject([
      { extension: 'pg_net', url: `${url}/api/worker` },
    ]);
  });

  test('does not post again within the pause', async () => {
    await install(pgNetStandIn);
    await installTrigger('1 minute');
    await Promise.all(Array.from({ length: 8 }, () => createOne()));
    expect(await posts()).toHaveLength(1);
  });

  test('leaves jobs alone that are not due yet', async () => {
    await install(pgNetStandIn);
    await installTrigger('0');
    await createOne(new Date(Date.now() + 3_600_000));
    expect(await posts()).toEqual([]);
  });

  test('never costs a job, even if posting fails', async () => {
    await install(pgNetStandIn);
    await installTrigger('0');
    await con.query('drop table recorded_post');
    await expect(createOne()).resolves.toEqual(expect.any(String));
  });

  test('goes when it is uninstalled', async () => {
    await install(pgNetStandIn);
    await installTrigger('0');
    await con.query('select uninstall_job_trigger()');
    await createOne();
    expect(await posts()).toEqual([]);
  });
});
