import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import pg from 'pg';

import { freePort } from '../../src/local/ports.ts';
import { startPostgres } from '../../src/local/postgres.ts';

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

/** Debian's redis-server with an append-only file that is flushed once a second, no snapshots, no eviction. */
export const redisSettings = [
  '--appendonly yes',
  '--appendfsync everysec',
  '--maxmemory-policy noeviction',
] as const;

const startRedis = async (
  directory: string,
  port: number,
): Promise<ChildProcess | undefined> => {
  const server = spawn(
    'redis-server',
    [
      '--port',
      String(port),
      '--dir',
      directory,
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      ...redisSettings.flatMap((setting) => setting.split(' ')),
    ],
    { stdio: 'ignore' },
  );
  const failed = once(server, 'error').then(() => true);
  for (let tries = 0; tries < 100; tries++) {
    if (await answers(port)) return server;
    if (await Promise.race([failed, delay(50).then(() => false)]))
      return undefined;
  }
  return undefined;
};

/** One Postgres, with a fresh database for whoever asks, and one Redis where the machine has it. */
export const startPlaces = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'nightshift-bench-jobs-'));
  // Postgres may run as another account.
  await chmod(directory, 0o755);
  const postgres = await startPostgres({
    directory: join(directory, 'postgres'),
    port: await freePort(),
    settings: ['max_connections=600'],
  });
  const redisPort = await freePort();
  const redis = await startRedis(directory, redisPort);
  const server = `postgres://postgres@127.0.0.1:${postgres.port}`;
  let databases = 0;
  return {
    redis: redis ? { host: '127.0.0.1', port: redisPort } : undefined,
    database: async (): Promise<string> => {
      const name = `bench_${++databases}`;
      const client = new pg.Client({ connectionString: `${server}/postgres` });
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      return `${server}/${name}`;
    },
    flushRedis: async (): Promise<void> => {
      if (!redis) return;
      const { Redis } = await import('ioredis');
      const client = new Redis(redisPort);
      await client.flushall();
      client.disconnect();
    },
    stop: async (): Promise<void> => {
      if (redis) {
        const exit = once(redis, 'exit');
        redis.kill('SIGTERM');
        await exit;
      }
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
};
