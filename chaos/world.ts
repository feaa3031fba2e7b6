import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DataSource } from 'typeorm';

import { createDataSource } from '../src/data-source.ts';
import { freePort } from '../src/local/ports.ts';
import { type PostgresServer, startPostgres } from '../src/local/postgres.ts';
import type { ServerStatistics } from '../src/pubsub-server/index.ts';
import { migrate } from '../src/schema/migrate.ts';
import { clientAt, provision } from './broker.ts';
import { PROJECT } from './subscriptions.ts';
import { Supervised } from './supervised.ts';
import { createTables } from './tables.ts';
import { until } from './until.ts';

const tsx = ['--import', 'tsx/esm'];

/** Everything the event path needs, each part a process of its own that can be killed. */
export class World {
  /** Connections of the load and of the proof. */
  readonly con: DataSource;
  readonly pubsubAddress: string;
  readonly pubsub: Supervised;
  readonly cdc: Supervised;
  readonly backgrounds: readonly Supervised[];
  /** Logs of the processes; kept when the proof fails. */
  readonly directory: string;
  readonly #postgresPort: number;
  #postgres: PostgresServer;

  private constructor(
    directory: string,
    postgres: PostgresServer,
    pubsubPort: number,
    con: DataSource,
  ) {
    this.directory = directory;
    this.con = con;
    this.#postgres = postgres;
    this.#postgresPort = postgres.port;
    this.pubsubAddress = `127.0.0.1:${pubsubPort}`;
    const environment = {
      NODE_ENV: 'test',
      LOG_LEVEL: 'warn',
      DATABASE_URL: databaseUrl(postgres.port),
      PUBSUB_PROJECT_ID: PROJECT,
      PUBSUB_EMULATOR_HOST: this.pubsubAddress,
      HEALTH_PORT: '0',
      DATABASE_POOL_SIZE: '100',
      DRAIN_TIMEOUT_SECONDS: '10',
      METADATA_SERVER_DETECTION: 'none',
      NODE_OPTIONS: '',
    };
    const program = (name: string, ...argv: string[]): Supervised =>
      new Supervised({
        name,
        arguments: [...tsx, ...argv],
        environment,
        log: join(directory, `${name}.log`),
      });
    const cli = 'bin/cli.ts';
    this.pubsub = program(
      'pubsub',
      ...[cli, 'pubsub', '--port', String(pubsubPort), '--quiet'],
      ...['--data', join(directory, 'pubsub')],
    );
    this.cdc = program('cdc', cli, 'cdc');
    this.backgrounds = ['background-1', 'background-2'].map((name) =>
      program(name, 'chaos/background.ts'),
    );
  }

  /** Starts everything in a temporary directory, and waits until every subscription has its streams. */
  static async begin(): Promise<World> {
    const directory = await mkdtemp(join(tmpdir(), 'nightshift-chaos-'));
    const postgres = await startPostgres({
      directory: join(directory, 'postgres'),
      port: await freePort(),
      settings: ['max_connections=400'],
    });
    const url = databaseUrl(postgres.port);
    await migrate({ url, createDatabase: true });
    const con = await createDataSource({
      url,
      poolSize: 20,
      applicationName: 'chaos',
    }).initialize();
    await createTables(con);
    const world = new World(directory, postgres, await freePort(), con);
    try {
      world.pubsub.start();
      await world.untilPubSubAnswers();
      const client = clientAt(world.pubsubAddress);
      await provision(client);
      await client.close();
      world.cdc.start();
      for (const background of world.backgrounds) background.start();
      await world.untilServed();
      return world;
    } catch (error) {
      // Supervised, its processes would be started again for ever.
      await world.end(true);
      throw error;
    }
  }

  /** @throws when the server does not answer. */
  async statistics(): Promise<ServerStatistics['subscriptions']> {
    const response = await fetch(`http://${this.pubsubAddress}/stats`);
    return ((await response.json()) as ServerStatistics).subscriptions;
  }

  untilPubSubAnswers(): Promise<void> {
    return until('the Pub/Sub server to answer', 60, () =>
      this.statistics().then(
        () => true,
        () => false,
      ),
    );
  }

  /** Waits until every subscription has a stream of every background process. */
  untilServed(): Promise<void> {
    return until('every subscription to be served', 60, async () => {
      const subscriptions = await this.statistics().catch(() => []);
      return (
        subscriptions.length > 0 &&
        subscriptions.every(
          ({ openStreams }) => openStreams >= this.backgrounds.length,
        )
      );
    });
  }

  /** `fast` ends the sessions and writes everything; `kill` is SIGKILL. */
  async stopPostgres(how: 'fast' | 'kill'): Promise<void> {
    if (how === 'fast') await this.#postgres.stop();
    else {
      process.kill(this.#postgres.pid, 'SIGKILL');
      await this.#postgres.ended;
    }
  }

  async startPostgres(): Promise<void> {
    this.#postgres = await startPostgres({
      directory: join(this.directory, 'postgres'),
      port: this.#postgresPort,
      settings: ['max_connections=400'],
    });
  }

  /** Ends every process; deletes the directory unless its logs are wanted. */
  async end(keepLogs: boolean): Promise<void> {
    await Promise.all(this.backgrounds.map((background) => background.stop()));
    await this.cdc.stop();
    await this.pubsub.stop();
    await this.con.destroy();
    await this.#postgres.stop();
    if (!keepLogs) {
      await rm(this.directory, { recursive: true, force: true });
      if (!this.#postgres.directory.startsWith(this.directory))
        await rm(this.#postgres.directory, { recursive: true, force: true });
    }
  }
}

const databaseUrl = (port: number): string =>
  `postgres://postgres@127.0.0.1:${port}/chaos`;
