import pg from 'pg';

/** SQLSTATE of what Postgres says when the database is there, or is being made by another. */
const exists = new Set(['42P04', '23505']);

/** The server has no database of the name in the URL. */
export class MissingDatabaseError extends Error {
  override readonly name = 'MissingDatabaseError';

  constructor(readonly database: string) {
    super(
      `expected a database named ${database}, but the server has none; ` +
        'create it with: nightshift migrate --create-database',
    );
  }
}

/** The name of the database that a Postgres URL leads to. */
export const databaseName = (url: string): string => {
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  if (name) return name;
  throw new TypeError(
    'expected DATABASE_URL to name a database (postgres://host/name), got none',
  );
};

/**
 * Creates the database of a URL, connecting to `postgres` on the same server.
 *
 * @returns whether it was missing.
 */
export const createDatabase = async (url: string): Promise<boolean> => {
  const name = databaseName(url);
  const server = new URL(url);
  server.pathname = '/postgres';
  const client = new pg.Client({ connectionString: server.href });
  await client.connect();
  try {
    const { rowCount } = await client.query(
      'select from pg_database where datname = $1',
      [name],
    );
    if (rowCount) return false;
    await client.query(`create database ${client.escapeIdentifier(name)}`);
    return true;
  } catch (error) {
    if (error instanceof pg.DatabaseError && exists.has(error.code ?? ''))
      return false;
    throw error;
  } finally {
    await client.end();
  }
};
