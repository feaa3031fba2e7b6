import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { freePort } from '../../src/local/ports.ts';
import { unprivilegedAccount } from '../../src/local/unprivileged.ts';

const run = promisify(execFile);

/** A Postgres of our own, with pg_cron loaded, that leaves nothing behind. */
export interface Cluster {
  /** URL of a database as a role. */
  url(database: string, role: string): string;
  stop(): Promise<void>;
}

/** Starts a cluster in a temporary folder. pg_cron works in `database`. */
export const startCluster = async (
  binaries: string,
  database: string,
): Promise<Cluster> => {
  const account = await unprivilegedAccount();
  const folder = await mkdtemp(join(tmpdir(), 'pg-cron-'));
  const data = join(folder, 'data');
  await chmod(folder, 0o700);
  if (account) await chown(folder, account.uid, account.gid);
  await run(
    join(binaries, 'initdb'),
    [`--pgdata=${data}`, '--auth=trust', '--username=postgres', '--no-sync'],
    { ...account, cwd: '/' },
  );
  const port = await freePort();
  const server = spawn(
    join(binaries, 'postgres'),
    [
      ['-D', data, '-p', String(port)],
      ...[
        'listen_addresses=127.0.0.1',
        'unix_socket_directories=',
        'fsync=off',
        'wal_level=logical',
        'max_worker_processes=20',
        'shared_preload_libraries=pg_cron',
        `cron.database_name=${database}`,
        'cron.use_background_workers=on',
      ].map((setting) => ['-c', setting]),
    ].flat(),
    {
      ...account,
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const ended = once(server, 'exit');
  let output = '';
  await new Promise<void>((resolve, reject) => {
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-20_000);
      if (output.includes('ready to accept connections')) resolve();
    });
    server.once('error', reject);
    server.once('exit', () =>
      reject(new Error(`expected Postgres to start, it said:\n${output}`)),
    );
  });
  return {
    url: (name, role) => `postgres://${role}@127.0.0.1:${port}/${name}`,
    stop: async () => {
      server.kill('SIGINT');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
};
