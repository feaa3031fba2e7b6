import pg from 'pg';

import { sqlName } from '../sql-name.ts';

/** A new slot, and the database as it was where the slot begins. */
export interface ExportedSlot {
  /** Where the slot begins, as Postgres writes it. */
  readonly consistentPoint: string;
  /** For `set transaction snapshot`, as long as this is not closed. */
  readonly snapshot: string;
  close(): Promise<void>;
}

/**
 * Makes a logical slot of pgoutput whose snapshot others can read: what is visible in it will not
 * come from the slot, and what is not will.
 *
 * @throws the server's error
 */
export const createExportedSlot = async (
  databaseUrl: string,
  slot: string,
): Promise<ExportedSlot> => {
  const settings: pg.ClientConfig & { replication: string } = {
    connectionString: databaseUrl,
    application_name: 'nightshift cdc recover',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    replication: 'database',
  };
  const client = new pg.Client(settings);
  // A lost connection is noticed by whoever reads the snapshot.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows: versions } = await client.query<{
      server_version_num: string;
    }>('show server_version_num');
    const failover =
      Number(versions[0]?.server_version_num) >= 170_000 ? ', FAILOVER' : '';
    const { rows } = await client.query<{
      consistent_point: string;
      snapshot_name: string;
    }>(
      `CREATE_REPLICATION_SLOT ${sqlName(slot)} LOGICAL pgoutput (SNAPSHOT 'export'${failover})`,
    );
    const [made] = rows;
    if (!made)
      throw new Error(
        `expected Postgres to answer with the new slot ${slot}, got nothing`,
      );
    return {
      consistentPoint: made.consistent_point,
      snapshot: made.snapshot_name,
      close: () => client.end(),
    };
  } catch (error) {
    await client.end();
    throw error;
  }
};
