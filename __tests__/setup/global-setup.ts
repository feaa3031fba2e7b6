import { mkdtemp, chmod } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { freePort } from '../../src/local/ports.ts';
import {
  type PostgresServer,
  startPostgres,
} from '../../src/local/postgres.ts';
import { removeLeftovers, scratchDirectory } from './scratch-directory.ts';
import { createTemplateDatabase } from './template-database.ts';

declare global {
  var testPostgres: { server: PostgresServer; directory: string } | undefined;
}

/** One Postgres server for the whole run; tests clone databases of their own from its template. */
export default async function globalSetup(): Promise<void> {
  await removeLeftovers();
  const directory = await mkdtemp(
    join(await scratchDirectory(), 'nightshift-test-'),
  );
  await chmod(directory, 0o755);
  const port = await freePort();
  // See smoke/oldest-postgres.ts.
  const programs = process.env.TEST_POSTGRES_PROGRAMS;
  const server = await startPostgres({
    directory: join(directory, 'postgres'),
    port,
    ...(programs && { programs }),
    settings: [
      'fsync=off',
      'synchronous_commit=off',
      'full_page_writes=off',
      'max_connections=300',
      // Its workers come to a database when they like, and no test is about them.
      'autovacuum=off',
      // Memory, where the data are there.
      'max_wal_size=256MB',
    ],
  });
  globalThis.testPostgres = { server, directory };
  // The processes that tests start compile the same files over and over.
  process.env.NODE_COMPILE_CACHE = resolve('node_modules/.cache/compile');
  process.env.TEST_POSTGRES_URL = `postgres://postgres@127.0.0.1:${port}`;
  try {
    await createTemplateDatabase(process.env.TEST_POSTGRES_URL);
  } catch (error) {
    // Jest runs no teardown after a failed setup.
    await server.stop();
    throw error;
  }
}
