import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';

import { PrimaryKeyMissingError } from '../../src/cdc/capturable.ts';
import { UnsupportedTypeError } from '../../src/cdc/errors.ts';
import { createDataSource } from '../../src/data-source.ts';
import { keepCapturable } from '../../src/schema/keep-capturable.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';

let database: TestDatabase;
let dataSource: DataSource;

beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(async () => {
  await dataSource.destroy();
  await database.drop();
});

/** Runs a migration that comes after all others, as `migrate` does. */
const migrateWith = async (statements: readonly string[]): Promise<void> => {
  class Later1999999999999 implements MigrationInterface {
    async up(queryRunner: QueryRunner): Promise<void> {
      for (const statement of statements) await queryRunner.query(statement);
    }

    down(): Promise<void> {
      return Promise.resolve();
    }
  }
  dataSource = createDataSource({ url: database.url, poolSize: 1 });
  dataSource.setOptions({ migrations: [Later1999999999999] });
  await dataSource.initialize();
  keepCapturable(dataSource);
  await dataSource.runMigrations();
};

const columnsOf = async (table: string): Promise<string[]> => {
  const rows = await dataSource.query<{ name: string }[]>(
    'select column_name as name from information_schema.columns where table_name = $1',
    [table],
  );
  return rows.map(({ name }) => name);
};

it('migrates a captured table whose new column has a recorded type', async () => {
  await migrateWith(['alter table post add column place point']);
  expect(await columnsOf('post')).toContain('place');
});

it.each([
  ['circle', 'one that Debezium does not know'],
  ['name', 'one that Debezium loses'],
])(
  'refuses a captured column of type %s, %s, and undoes its migration',
  async (type) => {
    await expect(
      migrateWith([`alter table post add column place ${type}`]),
    ).rejects.toThrow(UnsupportedTypeError);
    expect(await columnsOf('post')).not.toContain('place');
  },
);

it('refuses to capture a table without a primary key, and undoes its migration', async () => {
  await expect(
    migrateWith([
      'create table word (text text)',
      'alter publication nightshift add table word',
    ]),
  ).rejects.toThrow(PrimaryKeyMissingError);
  expect(await columnsOf('word')).toEqual([]);
});

it('leaves tables alone that are not captured', async () => {
  await migrateWith(['create table word (place circle)']);
  expect(await columnsOf('word')).toEqual(['place']);
});
