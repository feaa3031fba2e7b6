import { createDataSource } from '../data-source.ts';
import { type MigrationStatus, migrationStatus } from './check.ts';
import { createDatabase } from './create-database.ts';
import { withMigrationLock } from './lock.ts';
import { queryOf } from './query.ts';
import { serverProblems, serverSettings } from './server-settings.ts';

export interface MigrateOptions {
  /** URL of the database, of a role that may create tables and replication slots. */
  readonly url: string;
  /** Create the database if it is missing. @default false */
  readonly createDatabase?: boolean;
  /** Seconds to wait for another process that migrates. @default 300 */
  readonly lockWaitSeconds?: number;
  /** Run under the same lock once the schema is current, such as making the replication slot. */
  readonly afterwards?: (url: string) => Promise<void>;
}

export interface MigrateReport {
  readonly databaseCreated: boolean;
  /** Migrations that this call applied, oldest first. */
  readonly applied: readonly string[];
}

/**
 * Brings the schema up to this version. Each migration is a transaction of its own, so that a crash
 * leaves whole migrations; running again continues. Two at once wait for each other.
 *
 * @throws UnsuitableServerError for a server that is too old or without logical WAL, before anything
 * is changed; MigrationLockError; whatever Postgres says of a migration.
 */
export const migrate = async (
  options: MigrateOptions,
): Promise<MigrateReport> => {
  const { url, lockWaitSeconds = 300 } = options;
  const databaseCreated = options.createDatabase
    ? await createDatabase(url)
    : false;
  return withMigrationLock(url, lockWaitSeconds, async () => {
    const dataSource = await createDataSource({
      url,
      poolSize: 2,
      applicationName: 'nightshift migrate',
    }).initialize();
    try {
      const [problem] = serverProblems(
        await serverSettings(queryOf(dataSource)),
      );
      if (problem) throw problem;
      const applied = await dataSource.runMigrations();
      await options.afterwards?.(url);
      return { databaseCreated, applied: applied.map(({ name }) => name) };
    } finally {
      await dataSource.destroy();
    }
  });
};

/** What is applied and what is pending in the database of a URL; changes nothing. */
export const readMigrationStatus = async (
  url: string,
): Promise<MigrationStatus> => {
  const dataSource = await createDataSource({ url, poolSize: 1 }).initialize();
  try {
    return await migrationStatus(queryOf(dataSource));
  } finally {
    await dataSource.destroy();
  }
};
