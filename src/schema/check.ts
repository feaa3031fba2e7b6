import type { DataSource } from 'typeorm';

import { migrations } from '../migration/index.ts';
import { type Query, queryOf } from './query.ts';

/** Migrations by name, oldest first. */
export interface MigrationStatus {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  /** In the database but not in this version: a newer version has migrated, which is no error. */
  readonly unknown: readonly string[];
}

/** The database lacks migrations of this version. Run `nightshift migrate`, then start again. */
export class PendingMigrationsError extends Error {
  override readonly name = 'PendingMigrationsError';

  constructor(readonly pending: readonly string[]) {
    super(
      `expected an up-to-date schema, but ${pending.length} migration${pending.length === 1 ? ' is' : 's are'} ` +
        `pending (${pending.join(', ')}); run: nightshift migrate`,
    );
  }
}

const migrationTable = 'migration';

/** Compares the database with this version's migrations; writes nothing. */
export const migrationStatus = async (
  query: Query,
): Promise<MigrationStatus> => {
  const [table] = await query<{ exists: boolean }>(
    'select to_regclass($1) is not null as exists',
    [migrationTable],
  );
  const rows = table?.exists
    ? await query<{ name: string }>(
        `select name from ${migrationTable} order by id`,
      )
    : [];
  const applied = new Set(rows.map(({ name }) => name));
  const known = migrations.map(({ name }) => name);
  return {
    applied: known.filter((name) => applied.has(name)),
    pending: known.filter((name) => !applied.has(name)),
    unknown: [...applied].filter((name) => !known.includes(name)),
  };
};

/**
 * Makes sure that the schema is at least this version's, as every process does at start.
 *
 * @throws PendingMigrationsError
 */
export const checkSchema = async (dataSource: DataSource): Promise<void> => {
  const { pending } = await migrationStatus(queryOf(dataSource));
  if (pending.length > 0) throw new PendingMigrationsError(pending);
};
