import { randomBytes } from 'node:crypto';
import { once } from 'node:events';

import type { Streamer } from '../cdc/streamer.ts';
import type { Logger } from '../logger.ts';
import type { LocalHome } from './home.ts';
import { LeaseDesk } from './lease-desk.ts';
import { freePort } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { lockStack } from './stack-lock.ts';
import { readState, writeState } from './stack-state.ts';

/** Milliseconds that the stack waits for its first lessee, and for another after one was cut off. */
const idleMilliseconds = 3_000;

/** Name of the local database. */
const databaseName = 'nightshift';

const portOf = (address: string | undefined): number =>
  Number(/:(\d+)(?:\/|$)/.exec(address ?? '')?.[1] ?? 0);

/**
 * One streamer, started when the first lessee has migrated and provisioned, unless a lessee streams
 * in its place.
 */
class Streaming {
  #streamer: Streamer | undefined;
  #started: Promise<void> | undefined;
  #isWanted = false;
  #isHandedOver = false;
  #isEnding = false;
  #halted = Promise.resolve();
  readonly #make: () => Streamer;
  readonly #logger: Logger;

  constructor(make: () => Streamer, logger: Logger) {
    this.#make = make;
    this.#logger = logger;
  }

  /** A failed start is forgotten, so that the next lessee tries again. */
  start = async (): Promise<void> => {
    this.#isWanted = true;
    await this.#halted;
    if (this.#isHandedOver || this.#isEnding) return;
    await (this.#started ??= this.#begin().catch((error: unknown) => {
      this.#started = undefined;
      throw error;
    }));
  };

  /** For good. */
  stop = async (): Promise<void> => {
    this.#isEnding = true;
    await this.#halt();
  };

  handOver = async (): Promise<void> => {
    this.#isHandedOver = true;
    this.#halted = this.#halt();
    await this.#halted;
    this.#logger.info('a lessee streams changes in the place of the streamer');
  };

  takeBack = (): void => {
    this.#isHandedOver = false;
    if (!this.#isWanted || this.#isEnding) return;
    this.#logger.info('the streamer streams changes again');
    this.start().catch((error: unknown) => {
      this.#logger.error({ err: error }, 'changes cannot be streamed again');
    });
  };

  async #halt(): Promise<void> {
    // Stopping it is what ends a start that waits.
    await this.#streamer?.stop();
    await this.#started?.catch(() => undefined);
    this.#started = undefined;
    this.#streamer = undefined;
  }

  async #begin(): Promise<void> {
    this.#streamer = this.#make();
    await this.#streamer.start();
  }
}

/**
 * Runs the local stack in this process until nobody holds a lease on it any more, or until SIGTERM
 * or SIGINT. It is the one owner of Postgres (a child), the Pub/Sub server and the streamer (both in
 * here), in a process group of its own, so that Ctrl-C reaches the lessees, which drain first.
 *
 * - Who runs it is decided by a lock of the operating system on a file, which ends with the process.
 * - Who uses it holds a connection open (lease-protocol.ts); a killed lessee's is closed for it.
 * - It stops in the order streamer, Pub/Sub, Postgres, and the end of this process, which the
 *   caller has to bring about, closes the connection of the last lessee, who waits for that.
 * - Killed, it takes Postgres along (postgres.ts), or the next one finds and stops that. The Pub/Sub
 *   server answers only when it is on disk, so that nothing answered is lost; what is not yet published is
 *   in the outbox.
 *
 * @throws StackRunningError if another process runs the stack of this directory.
 */
export const runStack = async (
  home: LocalHome,
  projectId: string,
  logger: Logger,
): Promise<void> => {
  const signalled = Promise.race(
    ['SIGTERM', 'SIGINT'].map(async (signal) => {
      await once(process, signal);
      return signal;
    }),
  );
  const remarks: string[] = [];
  // Undone in the opposite order, also if a part does not start.
  await using parts = new AsyncDisposableStack();
  const lock = lockStack(home.lock);
  const token = randomBytes(24).toString('hex');
  const before = await readState(home);
  const starting = startPostgres({
    directory: home.postgres,
    port: await freePort(portOf(before?.databaseUrl)),
  });
  // Loading takes longer than Postgres.
  const loading = Promise.all([
    import('../pubsub-server/index.ts'),
    import('../cdc/streamer.ts'),
    import('@google-cloud/pubsub'),
  ]);
  const postgres = await starting;
  const desk = new LeaseDesk({
    token,
    idleMilliseconds,
    stream: () => streaming.start(),
    handOver: () => streaming.handOver(),
    takeBack: () => {
      streaming.takeBack();
    },
  });
  parts.defer(() => lock.release());
  parts.defer(() => postgres.stop());
  const [{ startPubSub }, { createStreamer }, { PubSub }] = await loading;
  if (postgres.foundOrphan)
    remarks.push(
      'an earlier stack was killed: stopped the Postgres that it left',
    );
  if (before?.stopped === false)
    remarks.push(
      'an earlier stack was killed: its Pub/Sub server goes on with everything it had answered for',
    );
  if (postgres.directory !== home.postgres)
    remarks.push(`Postgres keeps its data in ${postgres.directory}`);
  const server = await startPubSub({
    port: await freePort(portOf(before?.pubsubAddress)),
    data: home.pubsub,
  });
  parts.defer(async () => {
    await server.stop();
    await writeState(home, { ...state, stopped: true });
  });
  const databaseUrl = `postgres://postgres@127.0.0.1:${postgres.port}/${databaseName}`;
  const pubsub = new PubSub({
    projectId,
    apiEndpoint: server.address,
    emulatorMode: true,
  });
  parts.defer(() => pubsub.close());
  const streaming = new Streaming(
    () =>
      createStreamer({
        databaseUrl,
        pubsub: { projectId, emulatorHost: server.address },
        logger,
      }),
    logger,
  );
  parts.defer(() => streaming.stop());
  const leasePort = await desk.open();
  parts.defer(() => desk.close());
  const state = {
    pid: process.pid,
    leasePort,
    token,
    databaseUrl,
    pubsubAddress: server.address,
    remarks,
    stopped: false,
  };
  await writeState(home, state);
  logger.info(
    { postgres: postgres.port, pubsub: server.address, leasePort, remarks },
    'the local stack runs',
  );
  const reason = await Promise.race([
    once(desk, 'idle').then(() => 'nobody holds a lease any more'),
    signalled,
    postgres.ended.then(() => 'Postgres ended'),
  ]);
  logger.info({ reason }, 'the local stack stops');
};
