import { setTimeout as delay } from 'node:timers/promises';

import pg from 'pg';

import { databaseName, MissingDatabaseError } from './create-database.ts';

/** `select hashtext('nightshift migrate')`, fixed so that every version takes the same lock. */
const lockKey = 1_904_210_377;

const pollMilliseconds = 200;

/** Another process held the migration lock for too long. */
export class MigrationLockError extends Error {
  override readonly name = 'MigrationLockError';

  constructor(readonly waitedSeconds: number) {
    super(
      `another process has been migrating this database for ${waitedSeconds} s; wait for it, or find it with: ` +
        `nightshift sql "select pid, application_name from pg_locks join pg_stat_activity using (pid) where locktype = 'advisory'"`,
    );
  }
}

/**
 * Runs work while holding the database's migration lock, which ends with this process at the latest.
 *
 * @throws MigrationLockError if it cannot be had in time; MissingDatabaseError.
 */
export const withMigrationLock = async <Result>(
  url: string,
  waitSeconds: number,
  work: () => Promise<Result>,
): Promise<Result> => {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'nightshift migrate',
    keepAlive: true,
  });
  await client.connect().catch((error: unknown) => {
    const missing = error instanceof pg.DatabaseError && error.code === '3D000';
    throw missing ? new MissingDatabaseError(databaseName(url)) : error;
  });
  try {
    const giveUpAt = Date.now() + waitSeconds * 1000;
    // Asked again and again, because a statement that waits for the lock would hold up the other
    // migration's `create index concurrently`, which waits for all statements.
    for (;;) {
      const { rows } = await client.query<{ locked: boolean }>(
        'select pg_try_advisory_lock($1) as locked',
        [lockKey],
      );
      if (rows[0]?.locked) break;
      if (Date.now() >= giveUpAt) throw new MigrationLockError(waitSeconds);
      await delay(pollMilliseconds);
    }
    return await work();
  } finally {
    await client.end();
  }
};
