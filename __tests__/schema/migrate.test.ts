import { randomUUID } from 'node:crypto';

import { SlotMismatchError } from '../../src/cdc/errors.ts';
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
    `select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = '${database}'`,
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
    const options = { url, createDatabase: true, slot: false } as const;
    expect(await migrate(options)).toEqual({
      databaseCreated: true,
      applied: names,
      slotCreated: false,
    });
    expect(await migrate(options)).toEqual({
      databaseCreated: false,
      applied: [],
      slotCreated: false,
    });
    await withSource(checkSchema);
  });

  it('says how to create a database that is missing', async () => {
    await expect(migrate({ url })).rejects.toThrow(/--create-database/);
    await expect(migrate({ url })).rejects.toThrow(MissingDatabaseError);
  });

  it('is safe when two processes migrate an empty server at once', async () => {
    const options = { url, createDatabase: true, slot: false } as const;
    const reports = await Promise.all([migrate(options), migrate(options)]);
    expect(reports.flatMap(({ applied }) => applied)).toEqual(names);
    expect(await readMigrationStatus(url)).toEqual({
      applied: names,
      pending: [],
      unknown: [],
    });
  });

  it('makes the replication slot once, and keeps it', async () => {
    const options = { url, createDatabase: true, slot: database };
    const reports = await Promise.all([migrate(options), migrate(options)]);
    expect(reports.map(({ slotCreated }) => slotCreated).sort()).toEqual([
      false,
      true,
    ]);
    expect(await migrate(options)).toMatchObject({ slotCreated: false });
  });

  it('waits for another process that migrates, but not for ever', async () => {
    await migrate({ url, createDatabase: true, slot: false });
    await withMigrationLock(url, 0, async () => {
      await expect(
        migrate({ url, slot: false, lockWaitSeconds: 0 }),
      ).rejects.toThrow(MigrationLockError);
    });
  });

  it('refuses the slot of another database, and leaves the lock free', async () => {
    await migrate({ url, createDatabase: true, slot: database });
    const other = `${database}_other`;
    const otherUrl = withDatabase(testServerUrl(), other);
    try {
      await expect(
        migrate({ url: otherUrl, createDatabase: true, slot: database }),
      ).rejects.toThrow(SlotMismatchError);
      await expect(
        migrate({ url: otherUrl, slot: false, lockWaitSeconds: 0 }),
      ).resolves.toMatchObject({ applied: [] });
    } finally {
      await administer(testServerUrl(), `drop database ${other} with (force)`);
    }
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
    await migrate({ url, createDatabase: true, slot: false });
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
  it('does not ask for logical WAL where nothing is captured', () => {
    expect(
      serverProblems({ version: 18, walLevel: 'replica' }, { captured: false }),
    ).toEqual([]);
  });

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
