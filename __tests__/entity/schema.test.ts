import { randomUUID } from 'node:crypto';

import { capturedTables } from '../../src/cdc/tables.ts';
import { createDataSource } from '../../src/data-source.ts';
import { Publication1764000000002 } from '../../src/migration/1764000000002-publication.ts';
import {
  createTestDatabase,
  type TestDatabase,
  testServerUrl,
} from '../setup/database.ts';
import { administer } from '../setup/template-database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

/** Checks, foreign keys and indexes stand in migrations alone. */
const inMigrationsAlone = /^DROP INDEX|DROP CONSTRAINT "\w+_(check|fkey)"$/;

test('the migrations make the tables that the entities describe', async () => {
  const { upQueries } = await database.dataSource.driver
    .createSchemaBuilder()
    .log();
  const drift = upQueries
    .map(({ query }) => query)
    .filter((query) => !inMigrationsAlone.test(query));
  expect(drift).toEqual([]);
});

test('every migration can be undone and done again', async () => {
  const own = await createTestDatabase();
  try {
    const { dataSource } = own;
    const applied = dataSource.migrations.length;
    for (let undone = 0; undone < applied; undone++)
      await dataSource.undoLastMigration();
    const left: { name: string }[] = await dataSource.query(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    expect(left.map(({ name }) => name)).toEqual(['migration']);
    const again = await dataSource.runMigrations();
    expect(again).toHaveLength(applied);
  } finally {
    await own.drop();
  }
});

test('every column name is the snake_case of its property', () => {
  const unexpected = database.dataSource.entityMetadatas.flatMap(
    ({ tableName, columns }) =>
      columns
        .filter(({ databaseName }) => !/^[a-z][a-z0-9_]*$/.test(databaseName))
        .map(({ databaseName }) => `${tableName}.${databaseName}`),
  );
  expect(unexpected).toEqual([]);
});

test('the publication has the captured tables, whole before a change, and the outbox', async () => {
  const published: { table: string; identity: string }[] =
    await database.dataSource.query(
      `select p.tablename as table, c.relreplident as identity
      from pg_publication_tables p
      join pg_class c on c.oid = quote_ident(p.tablename)::regclass
      where p.pubname = 'nightshift' order by 1`,
    );
  expect(published).toEqual(
    [
      ...capturedTables.map(({ table }) => ({ table, identity: 'f' })),
      { table: 'outbox', identity: 'd' },
    ].sort((a, b) => a.table.localeCompare(b.table, 'en')),
  );
});

test('a role that may not create publications is told what to grant', async () => {
  const role = `limited_${randomUUID().slice(0, 8)}`;
  const own = await createTestDatabase();
  try {
    const { migrations } = own.dataSource;
    const made = migrations.findIndex(
      (migration) => migration instanceof Publication1764000000002,
    );
    for (let undone = made; undone < migrations.length; undone++)
      await own.dataSource.undoLastMigration();
    await own.dataSource.query(`create role ${role} login`);
    const url = new URL(own.url);
    url.username = role;
    const name = url.pathname.slice(1);
    await own.dataSource.query(`grant all on schema public to ${role}`);
    await own.dataSource.query(
      `grant all on all tables in schema public to ${role}`,
    );
    const limited = await createDataSource({ url: url.href }).initialize();
    try {
      await expect(limited.runMigrations()).rejects.toMatchObject({
        name: 'PublicationRefusedError',
        role,
        database: name,
        message: expect.stringMatching(/grant create on database/),
      });
    } finally {
      await limited.destroy();
    }
  } finally {
    await own.drop();
    await administer(testServerUrl(), `drop role ${role}`);
  }
});
