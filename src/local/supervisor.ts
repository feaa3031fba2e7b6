import { randomBytes } from 'node:crypto';
import { once } from 'node:events';

import { PubSub } from '@google-cloud/pubsub';

import { createStreamer, type Streamer } from '../cdc/streamer.ts';
import type { Logger } from '../logger.ts';
import { startPubSubServer } from '../pubsub-server/index.ts';
import type { LocalHome } from './home.ts';
import { LeaseDesk } from './lease-desk.ts';
import { freePort } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { lockStack } from './stack-lock.ts';
import { readState, writeState } from './stack-state.ts';

/** Milliseconds that the stack waits for its first lessee, and for another after the last. */
const idleMilliseconds = 3_000;

/** Name of the local database. */
const databaseName = 'nightshift';

const portOf = (address: string | undefined): number =>
  Number(/:(\d+)(?:\/|$)/.exec(address ?? '')?.[1] ?? 0);

/** One streamer, started when the first lessee has migrated and provisioned. */
class Streaming {
  #streamer: Streamer | undefined;
  #started: Promise<void> | undefined;
  readonly #make: () => Streamer;

  constructor(make: () => Streamer) {
    this.#make = make;
  }

  /** A failed start is forgotten, so that the next lessee tries again. */
  start = (): Promise<void> =>
    (this.#started ??= this.#begin().catch((error: unknown) => {
      this.#started = undefined;
      throw error;
    }));

  stop = async (): Promise<void> => this.#streamer?.stop();

  async #begin(): Promise<void> {
    this.#streamer = this.#make();
    await this.#streamer.start();
  }
}

/**
 * Runs the local stack in this process until nobody holds a lease on it any more, or until SIGTERM.
 * It is the one owner of Postgres (a child), the Pub/Sub server and the streamer (both in here), and
 * a process group of its own, so that Ctrl-C reaches the lessees, which drain first.
 *
 * Killed, it leaves Postgres running; the next one finds and stops it. Messages in the Pub/Sub
 * server survive a stop but not a kill.
 *
 * The connection of the last lessee stays open: that it closes is how the lessee learns of the end of
 * the process, which the caller has to bring about.
 *
 * @throws StackRunningError if another process runs the stack of this directory.
 */
export const runStack = async (
  home: LocalHome,
  projectId: string,
  logger: Logger,
): Promise<void> => {
  const lock = lockStack(home.lock);
  const before = await readState(home);
  const postgres = await startPostgres({
    directory: home.postgres,
    port: await freePort(portOf(before?.databaseUrl)),
  });
  if (postgres.foundOrphan)
    logger.warn('stopped a Postgres that a killed stack had left running');
  const server = await startPubSubServer({
    port: await freePort(portOf(before?.pubsubAddress)),
    stateFile: home.pubsub,
  });
  const databaseUrl = `postgres://postgres@127.0.0.1:${postgres.port}/${databaseName}`;
  const pubsub = new PubSub({
    projectId,
    apiEndpoint: server.address,
    emulatorMode: true,
  });
  const streaming = new Streaming(() =>
    createStreamer({ databaseUrl, pubsub, logger }),
  );
  const token = randomBytes(24).toString('hex');
  const desk = new LeaseDesk({
    token,
    idleMilliseconds,
    stream: streaming.start,
  });
  const leasePort = await desk.open();
  await writeState(home, {
    pid: process.pid,
    leasePort,
    token,
    databaseUrl,
    pubsubAddress: server.address,
  });
  logger.info(
    { postgres: postgres.port, pubsub: server.address, leasePort },
    'the local stack runs',
  );

  const reason = await Promise.race([
    once(desk, 'idle').then(() => 'nobody holds a lease any more'),
    once(process, 'SIGTERM').then(() => 'SIGTERM'),
    postgres.ended.then(() => 'Postgres ended'),
  ]);
  logger.info({ reason }, 'the local stack stops');
  desk.close();
  await streaming.stop();
  await pubsub.close();
  await server.stop();
  await postgres.stop();
  lock.release();
};
