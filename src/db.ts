import type { DataSource } from 'typeorm';

import { config } from './config.ts';
import { createDataSource } from './data-source.ts';

let connection: Promise<DataSource> | undefined;

/**
 * The connection pool of this process, opened on first use. A failed attempt is forgotten,
 * so that the next call tries again.
 *
 * @throws whatever the driver says if Postgres cannot be reached.
 */
const createOrGetConnection = (): Promise<DataSource> => {
  const { DATABASE_URL, DATABASE_POOL_SIZE } = config();
  connection ??= createDataSource({
    url: DATABASE_URL,
    poolSize: DATABASE_POOL_SIZE,
  })
    .initialize()
    .catch((error: unknown) => {
      connection = undefined;
      throw error;
    });
  return connection;
};

export default createOrGetConnection;

/** Closes the pool, if one was opened. */
export const closeConnection = async (): Promise<void> => {
  const open = connection;
  connection = undefined;
  await (await open)?.destroy();
};
