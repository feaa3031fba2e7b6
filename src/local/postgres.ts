import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { findPostgresBinaries } from './postgres-binaries.ts';

const run = promisify(execFile);

export interface PostgresOptions {
  /** The data directory; made when it does not exist. */
  readonly directory: string;
  /** The TCP port on 127.0.0.1. */
  readonly port: number;
  /** Extra settings, each `name=value`, for example `fsync=off`. @default [] */
  readonly settings?: readonly string[];
}

/** A running Postgres server of our own. */
export interface PostgresServer {
  readonly pid: number;
  readonly port: number;
  /** Stops it (fast shutdown: sessions are ended, nothing is lost) and waits for its end. */
  stop(): Promise<void>;
}

/** The server ended before it accepted connections. */
export class PostgresStartError extends Error {
  override readonly name = 'PostgresStartError';

  constructor(
    readonly directory: string,
    readonly output: string,
  ) {
    super(
      `expected Postgres to start on ${directory}, but it ended first. It said:\n${output.trim()}\n` +
        'Another server may still use this directory or port; stop it, or set NIGHTSHIFT_HOME to another directory.',
    );
  }
}

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Postgres refuses to run as root; root lends it an unprivileged account instead. */
const unprivilegedAccount = async (): Promise<
  { uid: number; gid: number } | undefined
> => {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([
        run('id', ['-u', name]),
        run('id', ['-g', name]),
      ]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {
      continue;
    }
  }
  throw new Error(
    'expected an account "postgres" or "nobody" to run Postgres as, because it refuses to run as root; ' +
      'found neither. Create one with: useradd --system postgres',
  );
};

const whenReady = async (
  server: ChildProcess,
  directory: string,
): Promise<void> => {
  let output = '';
  await new Promise<void>((resolve, reject) => {
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (text.includes('ready to accept connections')) resolve();
    });
    server.once('error', reject);
    server.once('exit', () =>
      reject(new PostgresStartError(directory, output)),
    );
  });
  server.stderr?.removeAllListeners('data').resume();
};

/**
 * Starts Postgres on a directory, made by `initdb` on first use, with `wal_level=logical`.
 * Clients connect as `postgres` without a password; it listens on 127.0.0.1 only.
 * It runs in a process group of its own, so that Ctrl-C reaches the owner alone, which
 * drains first and stops the database last.
 *
 * @throws PostgresStartError if the server ends before it accepts connections.
 */
export const startPostgres = async (
  options: PostgresOptions,
): Promise<PostgresServer> => {
  const { directory, port, settings = [] } = options;
  const { initdb, postgres } = findPostgresBinaries();
  const account = await unprivilegedAccount();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (account) await chown(directory, account.uid, account.gid);
  if (!(await exists(join(directory, 'PG_VERSION')))) {
    await run(
      initdb,
      [
        `--pgdata=${directory}`,
        '--auth=trust',
        '--username=postgres',
        '--encoding=UTF8',
        '--locale=C',
        '--no-sync',
      ],
      { ...account },
    );
  }
  const server = spawn(
    postgres,
    [
      ['-D', directory, '-p', String(port)],
      ['-c', 'listen_addresses=127.0.0.1'],
      ['-c', 'unix_socket_directories='],
      ['-c', 'wal_level=logical'],
      ['-c', 'max_replication_slots=20'],
      ['-c', 'max_wal_senders=20'],
      ...settings.map((setting) => ['-c', setting]),
    ].flat(),
    { ...account, detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  await whenReady(server, directory);
  return {
    pid: server.pid!,
    port,
    stop: async () => {
      if (server.exitCode !== null || server.signalCode !== null) return;
      const ended = once(server, 'exit');
      server.kill('SIGINT');
      await ended;
    },
  };
};
