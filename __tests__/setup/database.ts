import { randomUUID } from 'node:crypto';

import type { DataSource } from 'typeorm';

import { createDataSource } from '../../src/data-source.ts';
import {
  administer,
  templateDatabase,
  withDatabase,
} from './template-database.ts';

export interface TestDatabase {
  readonly url: string;
  /** Initialized; ten connections. */
  readonly dataSource: DataSource;
  /** Closes `dataSource` and drops the database with whoever is still connected. */
  drop(): Promise<void>;
}

/** The Postgres server of this test run; a superuser's URL without a database. */
export const testServerUrl = (): string => {
  const url = process.env.TEST_POSTGRES_URL;
  if (url) return url;
  throw new Error(
    'expected TEST_POSTGRES_URL to be the URL of a Postgres server, got nothing; ' +
      'run tests through Jest, whose global setup starts one',
  );
};

/** A database of your own: migrated, empty. Logical slots made in it must be dropped first. */
export const createTestDatabase = async (): Promise<TestDatabase> => {
  const server = testServerUrl();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await administer(
    server,
    `create database ${name} template ${templateDatabase}`,
  );
  const url = withDatabase(server, name);
  const dataSource = await createDataSource({ url, poolSize: 10 }).initialize();
  return {
    url,
    dataSource,
    drop: async () => {
      if (dataSource.isInitialized) await dataSource.destroy();
      await administer(server, `drop database ${name} with (force)`);
    },
  };
};
