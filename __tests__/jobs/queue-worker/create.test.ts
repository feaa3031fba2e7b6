import { randomUUID } from 'node:crypto';

import type { DataSource } from 'typeorm';

import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';
import { administer } from '../../setup/template-database.ts';

const token = 'a-token-of-many-characters';
const url = 'https://app.example.com/api/jobs/run?queue=default&status=pending';

let database: TestDatabase;
let con: DataSource;

beforeEach(async () => {
  database = await createTestDatabase();
  con = database.dataSource;
});

afterEach(() => database.drop());

const createWorker = (name: string, schedule = '* * * * *') =>
  con.query<{ id: string }[]>(
    'select create_queue_worker($1, $2, $3, $4) as id',
    [name, url, token, schedule],
  );

const workers = () =>
  con.query<{ name: string }[]>(
    'select name, url, schedule, command from queue_worker order by name',
  );

const tokens = () =>
  con.query('select name, token from queue_worker_private.token order by name');

test('a queue worker is a row; its token stands apart', async () => {
  await createWorker('worker-default-1');
  expect(await workers()).toEqual([
    {
      name: 'cleanup-cron-details',
      url: null,
      schedule: '0 0 * * *',
      command: 'select public.clean_queue_worker_runs()',
    },
    { name: 'worker-default-1', url, schedule: '* * * * *', command: null },
  ]);
  expect(await tokens()).toEqual([{ name: 'worker-default-1', token }]);
});

test('creating it again changes it', async () => {
  const [first] = await createWorker('worker-failed-1');
  const [second] = await createWorker('worker-failed-1', '*/5 * * * *');
  expect(second).toEqual(first);
  expect(await workers()).toContainEqual(
    expect.objectContaining({
      name: 'worker-failed-1',
      schedule: '*/5 * * * *',
    }),
  );
});

test.each(['drop_queue_worker', 'cron.unschedule'])(
  '%s takes it and its token away',
  async (unschedule) => {
    await createWorker('worker-default-1');
    await con.query(`select ${unschedule}('worker-default-1')`);
    expect((await workers()).map(({ name }) => name)).toEqual([
      'cleanup-cron-details',
    ]);
    expect(await tokens()).toEqual([]);
  },
);

test('unscheduling what there is not is false, or an error as with pg_cron', async () => {
  await expect(
    con.query(`select drop_queue_worker('nobody') as dropped`),
  ).resolves.toEqual([{ dropped: false }]);
  await expect(con.query(`select cron.unschedule('nobody')`)).rejects.toThrow(
    'expected the name of a scheduled job, got: nobody',
  );
});

test('it can be unscheduled by the id that it was created with', async () => {
  const [created] = await createWorker('worker-default-1');
  await con.query('select cron.unschedule($1::bigint)', [created!.id]);
  expect(await tokens()).toEqual([]);
});

test.each([
  ['https://app.example.com'],
  ['https://app.example.com/'],
  ['https://app.example.com/api/worker'],
])(
  'install_worker(%s) schedules POST /api/worker every minute',
  async (base) => {
    await con.query('select install_worker($1, $2)', [base, token]);
    expect(await workers()).toContainEqual({
      name: 'runWorkerEveryMinute',
      url: 'https://app.example.com/api/worker',
      schedule: '* * * * *',
      command: null,
    });
  },
);

test.each([
  [
    'an address that is none',
    ['w', 'ftp://x', token, '* * * * *'],
    /http or https address/,
  ],
  [
    'an address with a user',
    ['w', 'https://me@x/', token, '* * * * *'],
    /without user/,
  ],
  [
    'a short token',
    ['w', url, 'short', '* * * * *'],
    /got one of 5 characters/,
  ],
  [
    'a token with a line break',
    ['w', url, `${token}\nx: y`, '* * * * *'],
    /bearer token/,
  ],
  [
    'four fields',
    ['w', url, token, '* * * *'],
    /cron expression of five fields/,
  ],
  ['too many seconds', ['w', url, token, '90 seconds'], /1 to 59 seconds/],
  ['an empty name', ['', url, token, '* * * * *'], /name of 1 to 63 bytes/],
] as const)('refuses %s and writes nothing', async (_, given, message) => {
  await expect(
    con.query('select create_queue_worker($1, $2, $3, $4)', [...given]),
  ).rejects.toThrow(message);
  expect(await workers()).toEqual([]);
});

test('refuses a bad token without repeating it', async () => {
  await expect(
    con.query('select install_worker($1, $2)', [
      url,
      'secret with blanks in it',
    ]),
  ).rejects.not.toThrow(/secret with/);
});

test('another role sees no token, no address, and may call nothing, whatever default privileges say', async () => {
  const role = `reader_${randomUUID().replaceAll('-', '')}`;
  await administer(database.url, `create role ${role}`);
  const own = await createTestDatabase();
  try {
    const { dataSource } = own;
    for (let undone = 0; undone < dataSource.migrations.length; undone++) {
      const [last] = await dataSource.query<{ name: string }[]>(
        `select name from migration where name like 'QueueWorkers%'`,
      );
      if (!last) break;
      await dataSource.undoLastMigration();
    }
    for (const what of ['tables', 'functions', 'schemas'])
      await dataSource.query(
        `alter default privileges grant all on ${what} to ${role}`,
      );
    await dataSource.runMigrations();
    await dataSource.query('select install_worker($1, $2)', [url, token]);
    for (const query of [
      'select token from queue_worker_private.token',
      'select url from queue_worker',
      'select * from queue_worker_run',
      `select create_queue_worker('x', '${url}', '${token}', '* * * * *')`,
      `select invoke_queue_worker('runWorkerEveryMinute')`,
      `select drop_queue_worker('runWorkerEveryMinute')`,
      `select queue_worker_private.post('${url}', '${token}', 100)`,
      `insert into queue_worker (name, schedule, command) values ('x', '* * * * *', 'select 1')`,
    ])
      await expect(
        dataSource.transaction(async (manager) => {
          await manager.query(`set local role ${role}`);
          await manager.query(query);
        }),
      ).rejects.toThrow(/permission denied/);
    await dataSource.query(`drop owned by ${role}`);
  } finally {
    await own.drop();
    await administer(database.url, `drop role ${role}`);
  }
});

test('runs older than seven days are cleaned, the others stay', async () => {
  await con.query(
    `insert into queue_worker_run (worker, scheduler, started_at)
     select 'x', 'ticker', now() - make_interval(days => days) from generate_series(1, 10) days`,
  );
  await expect(
    con.query('select clean_queue_worker_runs()::int as deleted'),
  ).resolves.toEqual([{ deleted: 4 }]);
});

test('cron.schedule and the views of pg_cron work over the table', async () => {
  await con.query(`select cron.schedule('nightly', '0 3 * * *', 'select 1')`);
  await con.query(`select cron.schedule('0 4 * * *', 'select 2')`);
  await createWorker('worker-default-1');
  await expect(
    con.query(
      'select jobname, schedule, command from cron.job order by command',
    ),
  ).resolves.toEqual([
    { jobname: 'nightly', schedule: '0 3 * * *', command: 'select 1' },
    {
      jobname: expect.stringMatching(/^job /),
      schedule: '0 4 * * *',
      command: 'select 2',
    },
    expect.objectContaining({ jobname: 'cleanup-cron-details' }),
    {
      jobname: 'worker-default-1',
      schedule: '* * * * *',
      command: `select public.invoke_queue_worker('worker-default-1')`,
    },
  ]);
});
