import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ensureDistribution } from '../../debezium/distribution.ts';
import { findJava } from '../../debezium/java.ts';
import { type DebeziumProcess, startDebezium } from '../../debezium/process.ts';
import { handOver, untilStreaming } from '../../debezium/readiness.ts';
import { environmentOf } from '../../debezium/settings.ts';
import { freePort } from '../../src/local/ports.ts';
import { projectId, type World } from './world.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

export const contenders = ['streamer', 'debezium'] as const;
export type Contender = (typeof contenders)[number];

/** A streamer of one kind or the other, in a process of its own, that reads the slot. */
export type Streaming = Pick<DebeziumProcess, 'pid' | 'stop' | 'ended'>;

const startStreamer = async (world: World): Promise<Streaming> => {
  const log = join(world.directory, 'streamer.log');
  const file = await open(log, 'w');
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'bin/cli.ts', 'cdc'],
    {
      cwd: root,
      stdio: ['ignore', file.fd, file.fd],
      env: {
        ...process.env,
        NODE_ENV: 'production',
        NODE_OPTIONS: process.env['STREAMER_NODE_OPTIONS'] ?? '',
        LOG_LEVEL: 'info',
        DATABASE_URL: world.databaseUrl,
        PUBSUB_PROJECT_ID: projectId,
        PUBSUB_EMULATOR_HOST: world.pubsubAddress,
        METADATA_SERVER_DETECTION: 'none',
      },
    },
  );
  await file.close();
  const ended = once(child, 'exit').then(() => undefined);
  const streaming: DebeziumProcess = {
    pid: child.pid!,
    ended,
    lastWords: () => Promise.resolve(`see ${log}`),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
  await untilStreaming(world.databaseUrl, streaming);
  return streaming;
};

const startServer = async (world: World): Promise<Streaming> => {
  await handOver(world.databaseUrl);
  const debezium = await startDebezium({
    distribution: await ensureDistribution(),
    java: await findJava(),
    properties: join(root, 'debezium', 'application.properties'),
    environment: environmentOf({
      databaseUrl: world.databaseUrl,
      pubsubAddress: world.pubsubAddress,
      projectId,
      port: await freePort(0),
    }),
    log: join(world.directory, 'debezium.log'),
  });
  await untilStreaming(world.databaseUrl, debezium);
  return debezium;
};

/** Starts one, and waits until it reads the slot. */
export const start: Readonly<
  Record<Contender, (world: World) => Promise<Streaming>>
> = { streamer: startStreamer, debezium: startServer };
