import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { type Message, PubSub, type Subscription } from '@google-cloud/pubsub';
import pg from 'pg';

import { heartbeatTopic } from '../../src/cdc/tables.ts';
import { freePort } from '../../src/local/ports.ts';
import {
  type PostgresServer,
  startPostgres,
} from '../../src/local/postgres.ts';
import { migrate } from '../../src/schema/migrate.ts';
import { until } from '../until.ts';
import { Ledger, readChange, readEvent } from './ledger.ts';
import { eventsTopics, Load } from './load.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const projectId = 'chaos';

/** A process of `nightshift cdc …`. */
export interface Program {
  readonly child: ChildProcess;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/** What ends in order takes no longer, in milliseconds; then it is killed, or left. */
const patience = 10_000;

const isRunning = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode === null && signalCode === null;

/** Postgres, a broker whose answers come late, a load, and a ledger of what came. */
export class World {
  readonly ledger = new Ledger();
  readonly load: Load;
  readonly directory: string;
  readonly databaseUrl: string;
  /** Where publishers go. */
  readonly front: string;
  readonly broker: ChildProcess;
  readonly #programs: string | undefined;
  readonly #port: number;
  readonly #pubsub: PubSub;
  readonly #subscriptions: Subscription[] = [];
  readonly #running = new Set<Program>();
  #postgres: PostgresServer;

  private constructor(
    directory: string,
    programs: string | undefined,
    postgres: PostgresServer,
    broker: ChildProcess,
    addresses: { readonly address: string; readonly front: string },
    rate: number,
  ) {
    this.directory = directory;
    this.#programs = programs;
    this.#postgres = postgres;
    this.#port = postgres.port;
    this.databaseUrl = `postgres://postgres@127.0.0.1:${postgres.port}/chaos`;
    this.broker = broker;
    this.front = addresses.front;
    this.#pubsub = new PubSub({
      projectId,
      apiEndpoint: addresses.address,
      emulatorMode: true,
    });
    this.load = new Load(this.databaseUrl, this.ledger, rate);
  }

  /** @param programs directory of another Postgres's programs. */
  static async begin(
    programs: string | undefined,
    rate: number,
  ): Promise<World> {
    process.env['METADATA_SERVER_DETECTION'] ??= 'none';
    const directory = await mkdtemp(join(tmpdir(), 'nightshift-chaos-cdc-'));
    // Postgres may run as another account.
    await chmod(directory, 0o755);
    const postgres = await startPostgres({
      directory: join(directory, 'postgres'),
      port: await freePort(),
      ...(programs !== undefined && { programs }),
    });
    const broker = fork(new URL('./broker.ts', import.meta.url), {
      execArgv: ['--import', 'tsx/esm'],
    });
    const [addresses] = (await once(broker, 'message')) as [
      { address: string; front: string },
    ];
    const world = new World(
      directory,
      programs,
      postgres,
      broker,
      addresses,
      rate,
    );
    await migrate({ url: world.databaseUrl, createDatabase: true });
    for (const topic of eventsTopics) await world.#listen(topic, readEvent);
    await world.#listen('api.changes', readChange);
    await world.#pubsub.createTopic(heartbeatTopic);
    await world.load.prepare();
    return world;
  }

  /** Runs `nightshift cdc …`. */
  cdc(...argv: readonly string[]): Program {
    const log = openSync(join(this.directory, 'cdc.log'), 'a');
    const child = spawn(
      process.execPath,
      ['--import', 'tsx/esm', 'bin/cli.ts', 'cdc', ...argv],
      {
        cwd: root,
        stdio: ['ignore', log, log],
        env: {
          ...process.env,
          NODE_ENV: 'test',
          NODE_OPTIONS: '',
          LOG_LEVEL: 'info',
          DATABASE_URL: this.databaseUrl,
          PUBSUB_PROJECT_ID: projectId,
          PUBSUB_EMULATOR_HOST: this.front,
          DRAIN_TIMEOUT_SECONDS: '10',
        },
      },
    );
    closeSync(log);
    const ended = once(child, 'exit').then(
      ([code, signal]: (number | string | null)[]) => {
        this.#running.delete(program);
        return code ?? signal ?? '';
      },
    );
    const program: Program = { child, ended };
    this.#running.add(program);
    return program;
  }

  async query<Row extends pg.QueryResultRow>(
    text: string,
    values: unknown[] = [],
  ): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.databaseUrl });
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Waits until so many more different messages came. */
  untilReceived(more: number, seconds = 90): Promise<void> {
    const enough = this.ledger.received + more;
    return until(
      `${more} more messages`,
      seconds,
      () => this.ledger.received >= enough,
    );
  }

  /** Waits until everything that was committed came; the load has to be stopped. */
  untilComplete(seconds = 120): Promise<void> {
    return until(
      'everything that was committed to come',
      seconds,
      () => this.ledger.missing <= 0,
    );
  }

  async restartPostgres(): Promise<void> {
    await this.#postgres.stop();
    this.#postgres = await startPostgres({
      directory: join(this.directory, 'postgres'),
      port: this.#port,
      ...(this.#programs !== undefined && { programs: this.#programs }),
    });
  }

  async #listen(
    topic: string,
    read: (message: Message) => Parameters<Ledger['take']>[0],
  ): Promise<void> {
    await this.#pubsub.createTopic(topic);
    const name = `${topic}-ledger`;
    await this.#pubsub
      .topic(topic)
      .createSubscription(name, { enableMessageOrdering: true });
    const subscription = this.#pubsub.subscription(name, {
      streamingOptions: { maxStreams: 1 },
      batching: { maxMilliseconds: 5 },
      flowControl: { maxMessages: 100_000 },
    });
    subscription.on('error', () => undefined);
    subscription.on('message', (message: Message) => {
      this.ledger.take(read(message));
      message.ack();
    });
    this.#subscriptions.push(subscription);
  }

  /** Ends everything, whatever state a part that failed has left it in. */
  async end(keepLogs: boolean): Promise<void> {
    // First, because Postgres does not stop while somebody reads a slot and confirms nothing.
    for (const { child } of this.#running) child.kill('SIGKILL');
    await Promise.all([...this.#running].map(({ ended }) => ended));
    this.broker.kill('SIGCONT');
    await this.#leaveBroker();
    await this.#postgres.stop();
    const { directory } = this.#postgres;
    if (!directory.startsWith(this.directory))
      await rm(directory, { recursive: true, force: true });
    if (keepLogs) console.error(`logs are in ${this.directory}`);
    else await rm(this.directory, { recursive: true, force: true });
  }

  async #leaveBroker(): Promise<void> {
    const left = Promise.all(
      this.#subscriptions.map((each) => each.close()),
    ).then(() => this.#pubsub.close());
    // A broker that is gone lets nobody leave.
    await Promise.race([
      left.catch(() => undefined),
      delay(patience, undefined, { ref: false }),
    ]);
    if (!isRunning(this.broker)) return;
    const gone = once(this.broker, 'exit');
    const impatience = setTimeout(() => this.broker.kill('SIGKILL'), patience);
    if (this.broker.connected) this.broker.disconnect();
    await gone;
    clearTimeout(impatience);
  }
}
