import { randomUUID } from 'node:crypto';

import { createDataSource } from '../../src/data-source.ts';
import { migrations } from '../../src/migration/index.ts';
import { checkSchema, PendingMigrationsError } from '../../src/schema/check.ts';
import { MissingDatabaseError } from '../../src/schema/create-database.ts';
import {
  MigrationLockError,
  withMigrationLock,
} from '../../src/schema/lock.ts';
import { migrate, readMigrationStatus } from '../../src/schema/migrate.ts';
import { serverProblems } from '../../src/schema/server-settings.ts';
import { testServerUrl } from '../setup/database.ts';
import { administer, withDatabase } from '../setup/template-database.ts';

const names = migrations.map(({ name }) => name);
let database: string;
let url: string;

beforeEach(() => {
  database = `migrate_${randomUUID().replaceAll('-', '')}`;
  url = withDatabase(testServerUrl(), database);
});

afterEach(() =>
  administer(
    testServerUrl(),
    `drop database if exists ${database} with (force)`,
  ),
);

const withSource = async (
  work: (dataSource: ReturnType<typeof createDataSource>) => Promise<void>,
): Promise<void> => {
  const dataSource = await createDataSource({ url, poolSize: 1 }).initialize();
  try {
    await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
};

describe('migrate', () => {
  it('creates the database and applies every migration, then has nothing to do', async () => {
    const options = { url, createDatabase: true };
    expect(await migrate(options)).toEqual({
      databaseCreated: true,
      applied: names,
    });
    expect(await migrate(options)).toEqual({
      databaseCreated: false,
      applied: [],
    });
    await withSource(checkSchema);
  });

  it('says how to create a database that is missing', async () => {
    await expect(migrate({ url })).rejects.toThrow(/--create-database/);
    await expect(migrate({ url })).rejects.toThrow(MissingDatabaseError);
  });

  it('is safe when two processes migrate an empty server at once', async () => {
    const options = { url, createDatabase: true };
    const reports = await Promise.all([migrate(options), migrate(options)]);
    expect(reports.flatMap(({ applied }) => applied)).toEqual(names);
    expect(await readMigrationStatus(url)).toEqual({
      applied: names,
      pending: [],
      unknown: [],
    });
  });

  it('does what comes afterwards while it still holds the lock', async () => {
    let refusal: unknown;
    await migrate({
      url,
      createDatabase: true,
      afterwards: async () => {
        refusal = await withMigrationLock(url, 0, async () => undefined).catch(
          (error: unknown) => error,
        );
      },
    });
    expect(refusal).toBeInstanceOf(MigrationLockError);
  });

  it('leaves the lock free after a failure', async () => {
    await expect(
      migrate({
        url,
        createDatabase: true,
        afterwards: async () => {
          throw new Error('no slot today');
        },
      }),
    ).rejects.toThrow('no slot today');
    await expect(withMigrationLock(url, 0, async () => 'free')).resolves.toBe(
      'free',
    );
  });
});

describe('checkSchema', () => {
  it('names the pending migrations of an empty database, and writes nothing to it', async () => {
    await administer(testServerUrl(), `create database ${database}`);
    await withSource(async (dataSource) => {
      await expect(checkSchema(dataSource)).rejects.toThrow(
        PendingMigrationsError,
      );
      await expect(checkSchema(dataSource)).rejects.toMatchObject({
        pending: names,
        message: expect.stringContaining('nightshift migrate'),
      });
      expect(
        await dataSource.query<unknown[]>(
          `select from pg_tables where schemaname = 'public'`,
        ),
      ).toEqual([]);
    });
  });

  it('accepts a database that a newer version has migrated', async () => {
    await migrate({ url, createDatabase: true });
    await withSource(async (dataSource) => {
      await dataSource.query(
        `insert into migration (timestamp, name) values (9, 'OfTomorrow9')`,
      );
      await checkSchema(dataSource);
    });
    expect(await readMigrationStatus(url)).toMatchObject({
      unknown: ['OfTomorrow9'],
    });
  });
});

describe('serverProblems', () => {
  it.each([
    [{ version: 14, walLevel: 'logical' }, [/Postgres 15 or newer, got: 14/]],
    [{ version: 15, walLevel: 'replica' }, [/wal_level = logical/]],
    [{ version: 15, walLevel: 'logical' }, []],
  ])('of %j', (settings, expected) => {
    expect(serverProblems(settings).map(({ message }) => message)).toEqual(
      expected.map((text): unknown => expect.stringMatching(text)),
    );
  });
});
