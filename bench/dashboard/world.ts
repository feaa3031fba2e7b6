import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import pg from 'pg';
import type { DataSource } from 'typeorm';

import { createDataSource } from '../../src/data-source.ts';
import { freePort } from '../../src/local/ports.ts';
import { startPostgres } from '../../src/local/postgres.ts';
import { fill, type Sizes, tellOfProcesses } from './fill.ts';

/** Where a filled database is kept between two runs. */
const home = join(import.meta.dirname, '../../.local/bench-dashboard');

/** The token that the bench asks with. */
export const operatorSecret = 'the-token-of-the-bench-of-the-page';

export interface World {
  readonly con: DataSource;
  /** Of the API. */
  readonly url: string;
  /** The process of Postgres whose children are its backends. */
  readonly postmaster: number;
  stop(): Promise<void>;
}

const started = async (
  child: ChildProcess,
  sign: (line: string) => string | undefined,
): Promise<string> => {
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout! })) {
    lines.push(line);
    const found = sign(line);
    if (found !== undefined) {
      child.stdout!.resume();
      return found;
    }
  }
  throw new Error(
    `expected a process to start, it ended:\n${lines.join('\n')}`,
  );
};

/** Runs `nightshift`; what it logs as errors is shown. It ends with the bench, also where that fails. */
const nightshift = (
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): ChildProcess => {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'bin/cli.ts', ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    },
  );
  process.once('exit', () => child.kill('SIGTERM'));
  return child;
};

const finished = async (child: ChildProcess): Promise<void> => {
  child.stdout!.resume();
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0)
    throw new Error(
      `expected ${child.spawnargs.join(' ')} to end well, got: ${code}`,
    );
};

const readyApi = (line: string): string | undefined =>
  /(http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1];

const readyBroker = (line: string): string | undefined =>
  /Pub\/Sub server on (\S+)/.exec(line)?.[1];

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
};

/**
 * Starts Postgres, the local broker and the API, each as a process of its own, on a filled database.
 *
 * @param reuse takes the database of an earlier run, if it was kept and its schema is of today.
 */
export const startWorld = async (
  sizes: Sizes,
  reuse: boolean,
  say: (line: string) => void,
): Promise<World> => {
  if (!reuse) await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  await chmod(home, 0o755);
  const postgres = await startPostgres({
    directory: join(home, 'postgres'),
    port: await freePort(),
    settings: ['shared_buffers=512MB', 'max_wal_size=4GB'],
  });
  const database = `bench_${Object.values(sizes).join('_')}`;
  const server = `postgres://postgres@127.0.0.1:${postgres.port}`;
  const url = `${server}/${database}`;
  const client = new pg.Client({ connectionString: `${server}/postgres` });
  await client.connect();
  const { rows } = await client.query(
    'select from pg_database where datname = $1',
    [database],
  );
  if (rows.length === 0) await client.query(`create database ${database}`);
  await client.end();
  const environment = {
    NODE_ENV: 'production',
    DATABASE_URL: url,
    NIGHTSHIFT_HOME: home,
    LOG_LEVEL: 'info',
    OPERATOR_SECRET: operatorSecret,
    EXPORT_LINK_SECRET: operatorSecret,
    PORT: '0',
  };
  await finished(nightshift(['migrate'], environment));
  const con = await createDataSource({ url, poolSize: 4 }).initialize();
  if (rows.length === 0) await fill(con, sizes, say);
  await tellOfProcesses(con);
  const broker = nightshift(['pubsub', '--port', '0', '--quiet'], environment);
  const emulator = {
    ...environment,
    PUBSUB_EMULATOR_HOST: await started(broker, readyBroker),
  };
  await finished(nightshift(['provision'], emulator));
  const api = nightshift(
    ['api', '--host', '127.0.0.1', '--port', '0'],
    emulator,
  );
  const address = await started(api, readyApi);
  const pid = await readFile(
    join(postgres.directory, 'postmaster.pid'),
    'utf8',
  );
  return {
    con,
    url: address,
    postmaster: Number(pid.split('\n')[0]),
    stop: async () => {
      await end(api);
      await end(broker);
      await con.destroy();
      await postgres.stop();
    },
  };
};
