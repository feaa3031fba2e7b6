import type { DataSource } from 'typeorm';

import { createDataSource } from '../../../../src/data-source.ts';
import {
  createTestDatabase,
  type TestDatabase,
  testServerUrl,
} from '../../../setup/database.ts';
import { administer } from '../../../setup/template-database.ts';

let database: TestDatabase;
let con: DataSource;

beforeAll(async () => {
  database = await createTestDatabase();
  con = database.dataSource;
  for (const age of [0, 2, 40])
    await con.query(
      `insert into audit_log (id, operation, action, actor, filter, counts, created_at)
       values (gen_random_uuid(), gen_random_uuid(), 'a', 'somebody', '{}', '{}', now() - make_interval(days => $1))`,
      [age],
    );
});
afterAll(() => database.drop());

const lines = async (): Promise<number> => {
  const [row] = await con.query<[{ lines: number }]>(
    'select count(*)::int as lines from audit_log',
  );
  return row.lines;
};

it.each([
  'delete from audit_log',
  'delete from audit_log where false',
  `delete from audit_log where created_at < now() - interval '30 days'`,
  `update audit_log set actor = 'nobody'`,
  'truncate audit_log',
])('refuses %s', async (statement) => {
  await expect(con.query(statement)).rejects.toMatchObject({ code: '42501' });
  expect(await lines()).toBe(3);
});

it('does not delete a line of the last day, not even for whoever knows the setting', async () => {
  await expect(
    con.transaction(async (manager) => {
      await manager.query(
        `select set_config('nightshift.audit_log_cutoff', 'infinity', true)`,
      );
      await manager.query('delete from audit_log');
    }),
  ).rejects.toMatchObject({
    code: '42501',
    message: expect.stringMatching(/too young/),
  });
  expect(await lines()).toBe(3);
});

it('deletes nothing younger than the cutoff, and takes no cutoff within the last day', async () => {
  await expect(
    con.query('select delete_old_audit_log(now(), 10)'),
  ).rejects.toThrow(/a day ago or earlier/);
  await expect(
    con.query(`select delete_old_audit_log(null, 10)`),
  ).rejects.toThrow(/a day ago or earlier/);
  await expect(
    con.query(`select delete_old_audit_log(now() - interval '2 days', 0)`),
  ).rejects.toThrow(/between 1 and/);
  expect(
    await con.query(
      `select delete_old_audit_log(now() - interval '30 days', 10) as rows`,
    ),
  ).toEqual([{ rows: 1 }]);
  expect(await lines()).toBe(2);
  await expect(con.query('delete from audit_log')).rejects.toMatchObject({
    code: '42501',
  });
});

it('is closed again in the same transaction once the function has ended', async () => {
  await expect(
    con.transaction(async (manager) => {
      await manager.query(
        `select delete_old_audit_log(now() - interval '30 days', 10)`,
      );
      await manager.query(
        `delete from audit_log where created_at < now() - interval '1 day'`,
      );
    }),
  ).rejects.toMatchObject({ code: '42501' });
});

it('lets a role delete old lines that may do nothing else, and no role that was not granted it', async () => {
  const role = `retention_${database.url.slice(-8)}`;
  await administer(testServerUrl(), `create role ${role} login`);
  const url = new URL(database.url);
  url.username = role;
  const limited = await createDataSource({
    url: url.href,
    poolSize: 1,
  }).initialize();
  const call = `select delete_old_audit_log(now() - interval '1 day', 10) as rows`;
  try {
    await expect(limited.query(call)).rejects.toMatchObject({ code: '42501' });
    await con.query(
      `grant execute on function delete_old_audit_log(timestamptz, int) to ${role}`,
    );
    expect(await limited.query(call)).toEqual([{ rows: 1 }]);
    await expect(limited.query('delete from audit_log')).rejects.toMatchObject({
      code: '42501',
    });
  } finally {
    await limited.destroy();
    await con.query(`drop owned by ${role}`);
    await administer(testServerUrl(), `drop role ${role}`);
  }
});
