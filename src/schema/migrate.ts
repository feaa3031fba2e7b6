import { slotName } from '../cdc/tables.ts';
import { createDataSource } from '../data-source.ts';
import { type MigrationStatus, migrationStatus } from './check.ts';
import { createDatabase } from './create-database.ts';
import { keepCapturable } from './keep-capturable.ts';
import { withMigrationLock } from './lock.ts';
import { queryOf } from './query.ts';
import { serverProblems, serverSettings } from './server-settings.ts';
import { ensureSlotAt } from './slot.ts';

export interface MigrateOptions {
  /** URL of the database, of a role that may create tables and replication slots. */
  readonly url: string;
  /** Create the database if it is missing. @default false */
  readonly createDatabase?: boolean;
  /** Seconds to wait for another process that migrates. @default 300 */
  readonly lockWaitSeconds?: number;
  /**
   * The replication slot to make if it is missing; `false` leaves slots alone, for a database whose
   * changes nobody captures.
   *
   * @default 'nightshift_cdc'
   */
  readonly slot?: string | false;
}

export interface MigrateReport {
  readonly databaseCreated: boolean;
  /** Migrations that this call applied, oldest first. */
  readonly applied: readonly string[];
  readonly slotCreated: boolean;
}

/**
 * Brings the schema up to this version and makes the replication slot, so that from here on every
 * change is kept for change data capture. Each migration is a transaction of its own, so that a crash
 * leaves whole migrations; running again continues. Two at once wait for each other.
 *
 * @throws UnsuitableServerError for a server that is too old or without logical WAL, before anything
 * is changed; MigrationLockError; MissingDatabaseError; SlotLostError, SlotMismatchError and
 * SlotTimeoutError when the schema is current; PrimaryKeyMissingError and UnsupportedTypeError for a
 * migration after which a captured table cannot be captured, which is undone; whatever Postgres says
 * of a migration.
 */
export const migrate = async (
  options: MigrateOptions,
): Promise<MigrateReport> => {
  const { url, lockWaitSeconds = 300, slot = slotName } = options;
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
        { captured: slot !== false },
      );
      if (problem) throw problem;
      keepCapturable(dataSource);
      const applied = await dataSource.runMigrations();
      return {
        databaseCreated,
        applied: applied.map(({ name }) => name),
        slotCreated: slot !== false && (await ensureSlotAt(url, slot)),
      };
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
