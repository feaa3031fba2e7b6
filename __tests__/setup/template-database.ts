import pg from 'pg';

import { createDataSource } from '../../src/data-source.ts';

/** The migrated database that test databases are clones of. */
export const templateDatabase = 'nightshift_template';

/** The URL of another database on the same server. */
export const withDatabase = (url: string, database: string): string => {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
};

/** Runs statements on the server's maintenance database. */
export const administer = async (
  serverUrl: string,
  ...statements: readonly string[]
): Promise<void> => {
  const client = new pg.Client({
    connectionString: withDatabase(serverUrl, 'postgres'),
  });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
};

/** Makes and migrates the template, then closes it to connections, which would block clones. */
export const createTemplateDatabase = async (
  serverUrl: string,
): Promise<void> => {
  await administer(serverUrl, `create database ${templateDatabase}`);
  const dataSource = await createDataSource({
    url: withDatabase(serverUrl, templateDatabase),
    poolSize: 2,
  }).initialize();
  try {
    await dataSource.runMigrations();
  } finally {
    await dataSource.destroy();
  }
  await administer(
    serverUrl,
    `alter database ${templateDatabase} with allow_connections false`,
  );
};
