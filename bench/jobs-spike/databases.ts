import pg from 'pg';

import { type CandidateName, candidates } from './candidates.ts';
import type { Store } from './port.ts';

/** A database of its own for every measurement, so that none inherits the dead rows of another. */
export interface Databases {
  readonly use: <Result>(
    candidate: CandidateName,
    connections: number,
    run: (database: {
      readonly url: string;
      readonly store: Store;
      readonly sql: pg.Client;
    }) => Promise<Result>,
  ) => Promise<Result>;
}

export const databasesAt = (port: number): Databases => {
  let made = 0;
  return {
    use: async (candidate, connections, run) => {
      made += 1;
      const name = `spike_${made}`;
      const server = `postgres://postgres@127.0.0.1:${port}`;
      const admin = new pg.Client({
        connectionString: `${server}/postgres`,
      });
      await admin.connect();
      await admin.query(`create database ${name}`);
      const url = `${server}/${name}`;
      const sql = new pg.Client({ connectionString: url });
      let store: Store | undefined;
      try {
        await candidates[candidate].install(url);
        store = await candidates[candidate].open(url, connections);
        await sql.connect();
        return await run({ url, store, sql });
      } finally {
        await store?.close();
        await sql.end();
        // Waits some seconds for connections that are still closing.
        await admin.query(`drop database ${name}`);
        await admin.end();
      }
    },
  };
};
