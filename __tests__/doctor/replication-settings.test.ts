import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import pg from 'pg';

import { startReplication } from '../../src/cdc/protocol/connection.ts';
import { replicationSettingsCheck } from '../../src/doctor/checks/replication-settings.ts';
import { examine } from '../../src/doctor/examine.ts';
import { freePort } from '../../src/local/ports.ts';
import {
  type PostgresServer,
  startPostgres,
} from '../../src/local/postgres.ts';
import { until } from '../until.ts';
import { scratchDirectory } from '../setup/scratch-directory.ts';

// A server of its own, because settings and WAL senders are the server's.
let directory: string;
let server: PostgresServer;
let client: pg.Client;
let url: string;

beforeAll(async () => {
  directory = await mkdtemp(
    join(await scratchDirectory(), 'nightshift-doctor-'),
  );
  server = await startPostgres({
    directory: join(directory, 'postgres'),
    port: await freePort(),
    settings: ['fsync=off', 'max_wal_senders=1', 'max_replication_slots=2'],
  });
  url = `postgres://postgres@127.0.0.1:${server.port}/postgres`;
  client = new pg.Client({ connectionString: url });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await server.stop();
  await rm(directory, { recursive: true, force: true });
  await rm(server.directory, { recursive: true, force: true });
});

/** Asks until it is so; the server does what it was told a little later. */
const untilTrue = (condition: string): Promise<void> =>
  until(async () => {
    const { rows } = await client.query<{ so: boolean }>(
      `select (${condition}) as so`,
    );
    return rows[0]?.so === true;
  });

const findings = async (slot: string) =>
  (
    await examine({
      environment: { DATABASE_URL: url },
      slot,
      checks: [replicationSettingsCheck],
    })
  ).filter(({ check }) => check === 'replication');

const keepAtMost = async (size: string) => {
  await client.query(`alter system set max_slot_wal_keep_size = '${size}'`);
  await client.query('select pg_reload_conf()');
  await untilTrue(`current_setting('max_slot_wal_keep_size') = '${size}'`);
};

describe('replication', () => {
  it('notes that nothing bounds the WAL that a slot keeps, until something does', async () => {
    expect(await findings('mine')).toMatchObject([
      {
        level: 'note',
        message: expect.stringMatching(/^max_slot_wal_keep_size is not set/),
      },
    ]);
    await keepAtMost('1GB');
    expect(await findings('mine')).toMatchObject([
      { level: 'ok', message: expect.stringContaining('at most 1GB') },
    ]);
  });

  it('finds the last WAL sender taken, and by whom', async () => {
    await keepAtMost('1GB');
    await client.query('create publication nightshift');
    await client.query(
      `select pg_create_logical_replication_slot('other', 'pgoutput')`,
    );
    const reader = await startReplication({
      databaseUrl: url,
      slot: 'other',
      publication: 'nightshift',
      onMessage: () => undefined,
    });
    try {
      expect(await findings('mine')).toMatchObject([
        {
          level: 'broken',
          message:
            'Every WAL sender of Postgres is taken (max_wal_senders = 1), so that nobody can read slot mine.',
          remedy: expect.stringContaining('pg_stat_replication'),
        },
      ]);
      expect(await findings('other')).toMatchObject([
        { level: 'warning', message: expect.stringContaining('come back') },
      ]);
    } finally {
      await reader.end();
    }
    await untilTrue(
      `not exists (select from pg_stat_activity where backend_type = 'walsender')`,
    );
    expect(await findings('mine')).toMatchObject([{ level: 'ok' }]);
  });

  it('finds every replication slot taken, until one is dropped', async () => {
    await keepAtMost('1GB');
    for (const name of ['one', 'other'])
      await client.query(
        `select pg_create_logical_replication_slot($1, 'pgoutput')
          where not exists (select from pg_replication_slots where slot_name = $1)`,
        [name],
      );
    expect(await findings('one')).toMatchObject([
      {
        level: 'warning',
        message: expect.stringContaining('max_replication_slots = 2'),
      },
    ]);
    await client.query(`select pg_drop_replication_slot('one')`);
    expect(await findings('one')).toMatchObject([{ level: 'ok' }]);
  });
});
