import type { DataSource } from 'typeorm';

import { createTestDatabase, type TestDatabase } from './database.ts';

let current: TestDatabase | undefined;

/** The connection of the database that `useTestDatabase` opened for this test file. */
export const testConnection = (): DataSource => {
  if (current) return current.dataSource;
  throw new Error(
    'expected a test database, got none; call useTestDatabase() at the top of the test file',
  );
};

/** One database for the tests of this file, made before them and dropped after. */
export const useTestDatabase = (): { readonly con: DataSource } => {
  beforeAll(async () => {
    current = await createTestDatabase();
  });
  afterAll(async () => {
    await current?.drop();
    current = undefined;
  });
  return {
    get con() {
      return testConnection();
    },
  };
};
