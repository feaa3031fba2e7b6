import type { DataSource } from 'typeorm';

import { createDataSource } from '../../../src/data-source.ts';
import { prepared } from '../../../src/jobs/store/prepared.ts';
import { useTestDatabase } from '../../helpers.ts';

const database = useTestDatabase();
let con: DataSource;

const statement = 'select $1::int as given';
const count = (text: string): Promise<number> =>
  con.manager
    .query<{ count: number }[]>(
      'select count(*)::int as count from pg_prepared_statements where statement = $1',
      [text],
    )
    .then(([row]) => row!.count);

beforeEach(async () => {
  // One connection, so that a test knows which one it has.
  const { url } = database.con.options as { readonly url: string };
  con = await createDataSource({ url, poolSize: 1 }).initialize();
});
afterEach(() => con.destroy());

const run = () => prepared<{ given: number }>(con.manager, statement, [7]);

test('a connection that has lost its prepared statements prepares them again', async () => {
  await run();
  await con.query('discard all');
  expect(await run()).toEqual([{ given: 7 }]);
  await run();
  expect(await count(statement)).toBe(1);
});

test('a transaction that meets a lost statement fails, and the next one goes through', async () => {
  await run();
  await con.query('discard all');
  const inTransaction = () =>
    con.transaction((manager) => prepared(manager, statement, [7]));
  await expect(inTransaction()).rejects.toMatchObject({ code: '26000' });
  expect(await inTransaction()).toEqual([{ given: 7 }]);
});

test('a statement that another session behind a pooler has prepared runs all the same', async () => {
  await run();
  const [there] = await con.query<{ name: string }[]>(
    'select name from pg_prepared_statements where statement = $1',
    [statement],
  );
  await con.destroy();
  await con.initialize();
  // As a pooler does it: the session has a past that this connection knows nothing of.
  await con.query(`prepare ${there!.name} as select 1`);
  expect(await run()).toEqual([{ given: 7 }]);
});

test('a connection that loses its statements again and again prepares none any more', async () => {
  for (let losses = 0; losses < 4; losses++) {
    await run();
    await con.query('discard all');
  }
  expect(await run()).toEqual([{ given: 7 }]);
  expect(await count(statement)).toBe(0);
});

test('a statement whose table got other columns meanwhile is planned anew', async () => {
  await con.query('create table changing (one int)');
  const all = 'select * from changing';
  await prepared(con.manager, all, []);
  await con.query('alter table changing add column two int');
  await con.query('insert into changing values (1, 2)');
  expect(await prepared(con.manager, all, [])).toEqual([{ one: 1, two: 2 }]);
});
