import { createTestDatabase, type TestDatabase } from '../setup/database.ts';

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
