/**
 * Shows queue workers on a real Postgres with pg_cron.
 *
 *     npx pnpm test:pg-cron
 *
 * Uses the Debian packages postgresql-15 and postgresql-15-cron, or a newer Postgres that has pg_cron;
 * as root it installs them when they are missing. It runs a cluster of its own in a temporary folder and
 * removes it. pgsql-http and pg_net are stand-ins with the signatures of the real ones. Takes two to
 * three minutes, because pg_cron starts things at the full minute. Exits with 1 if a check fails.
 */
import pg from 'pg';

import { migrate } from '../src/schema/migrate.ts';
import { checks, type Connections } from './pg-cron/checks.ts';
import { type Cluster, startCluster } from './pg-cron/cluster.ts';
import { ensurePgCron } from './pg-cron/packages.ts';

const database = 'nightshift';

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const connect = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
};

/** The application's role is no superuser, as on managed hosts. */
const prepare = async (cluster: Cluster): Promise<Connections> => {
  const maintenance = await connect(cluster.url('postgres', 'postgres'));
  try {
    await maintenance.query('create role app login');
    await maintenance.query(`create database ${database} owner app`);
  } finally {
    await maintenance.end();
  }
  const url = cluster.url(database, 'app');
  const { applied } = await migrate({ url, slot: false });
  print(`${applied.length} migrations applied as a role that is no superuser`);
  return {
    admin: await connect(cluster.url(database, 'postgres')),
    app: await connect(url),
    connectApp: () => connect(url),
  };
};

const run = async (): Promise<void> => {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => interrupted.abort());
  const cluster = await startCluster(
    await ensurePgCron(print, interrupted.signal),
    database,
  );
  try {
    const connections = await prepare(cluster);
    const [server] = (
      await connections.admin.query<{ version: string; cron: string }>(
        `select current_setting('server_version') as version, default_version as cron
         from pg_available_extensions where name = 'pg_cron'`,
      )
    ).rows;
    print(`Postgres ${server?.version}, pg_cron ${server?.cron}`);
    print(
      'pgsql-http and pg_net are stand-ins with the signatures of the real ones; they record what they are asked to post',
    );
    print(`1..${checks.length}`);
    try {
      for (const [index, check] of checks.entries()) {
        await check.run(connections, interrupted.signal).catch((error) => {
          print(`not ok ${index + 1} - ${check.name}`);
          throw error;
        });
        print(`ok ${index + 1} - ${check.name}`);
      }
    } finally {
      await Promise.all([connections.admin.end(), connections.app.end()]);
    }
  } finally {
    await cluster.stop();
  }
};

try {
  await run();
} catch (error) {
  process.stderr.write(
    `${String(error instanceof Error ? error.stack : error)}\n`,
  );
  process.exitCode = 1;
}
