import type { DataSource } from 'typeorm';

import { createDataSource } from '../../data-source.ts';
import { closed, within } from '../../drain.ts';
import type { Logger } from '../../logger.ts';
import { Bell, startLoop } from '../loop.ts';
import type { JobStore } from '../port.ts';
import { type JobRegistry, queueNamed } from '../registry.ts';
import { createPostgresStore } from '../store/postgres-store.ts';
import { promotionBatch } from '../store/promote.ts';
import { startHeartbeats } from './heartbeats.ts';
import { WakeUpListener } from './listener.ts';
import { QueueRunner } from './queue-runner.ts';
import { Settler } from './settler.ts';
import { workerName } from './worker-name.ts';

/** Milliseconds between two looks at a queue that nobody has announced anything for. */
const pollInterval = 2_000;
/** Milliseconds between two looks for jobs whose time has come, and for those of processes that are gone. */
const promoteInterval = 1_000;
const recoverInterval = 1_000;
const archiveInterval = 30_000;

/** How long what was cut off may take to end, and connections after it, in milliseconds. */
const gracePeriod = 5_000;
const partingTime = 1_000;

/** Connections for heartbeats and ends. */
const settlingConnections = 4;

export interface DispatcherOptions {
  readonly con: DataSource;
  /** A Postgres URL, for connections that handlers cannot take away. */
  readonly url: string;
  readonly registry: JobRegistry;
  readonly logger: Logger;
  /** Queues to serve. @default all */
  readonly queues?: readonly string[];
  /** Jobs at once, in every queue. @default the queues' own concurrency */
  readonly concurrency?: number;
  /** Seconds a job is owned without a heartbeat. @default 10 */
  readonly leaseSeconds?: number;
  /** Seconds that running jobs have to end when the process stops. @default 25 */
  readonly drainTimeoutSeconds?: number;
}

/** Runs jobs until it is drained. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #settling: DataSource;
  readonly #store: JobStore;
  readonly #settler: Settler;
  readonly #runners = new Map<string, QueueRunner>();
  readonly #listener: WakeUpListener;
  readonly #leaseSeconds: number;
  /** Something is due sooner than the next look for it. */
  readonly #due = new Bell();
  #stopLoops: (() => Promise<void>)[] = [];
  #stopHeartbeats: (() => Promise<void>) | undefined;

  /** @throws UnknownQueueError */
  constructor(options: DispatcherOptions) {
    const { registry, con, url, logger } = options;
    this.#options = options;
    this.#leaseSeconds = options.leaseSeconds ?? 10;
    this.#settling = createDataSource({
      url,
      poolSize: settlingConnections,
      applicationName: 'nightshift jobs',
    });
    this.#store = createPostgresStore({
      con,
      settling: this.#settling,
      leaseSeconds: this.#leaseSeconds,
      onDead: (name) => registry.keepers?.[name]?.onDead,
      queueOf: (name) => queueNamed(registry.queues, name),
    });
    this.#settler = new Settler(this.#store, logger);
    const worker = workerName();
    for (const name of options.queues ?? Object.keys(registry.queues)) {
      const runner = new QueueRunner({
        name,
        queue: queueNamed(registry.queues, name),
        registry,
        store: this.#store,
        con,
        settling: this.#settling,
        logger,
        settler: this.#settler,
        worker,
        ...(options.concurrency !== undefined && {
          concurrency: options.concurrency,
        }),
      });
      runner.on('ended', ({ job, settled }) => {
        if (
          settled === 'retried' &&
          job.backoff.seconds * 1_000 < promoteInterval
        )
          this.#due.ring();
      });
      this.#runners.set(name, runner);
    }
    this.#listener = new WakeUpListener({
      url,
      logger,
      onWakeUp: (queue) => this.#runners.get(queue)?.wake(),
      onListening: () => this.#wakeAll(),
    });
  }

  /** Jobs running in this process now. */
  get running(): number {
    return this.#runs().length;
  }

  /** The runners, for those who wait for what they emit. */
  get runners(): ReadonlyMap<string, QueueRunner> {
    return this.#runners;
  }

  /** Begins to run jobs. @throws whatever the driver says if Postgres cannot be reached */
  async start(): Promise<void> {
    const { logger } = this.#options;
    await this.#settling.initialize();
    await this.#listener.start();
    this.#stopHeartbeats = startHeartbeats({
      store: this.#store,
      logger,
      leaseSeconds: this.#leaseSeconds,
      runs: () => this.#runs(),
    });
    const loop = (
      name: string,
      longestWait: number,
      round: () => Promise<number>,
      bell?: Bell,
    ) => startLoop({ name, longestWait, logger, round, ...(bell && { bell }) });
    this.#stopLoops = [
      loop(
        'promoting scheduled jobs',
        promoteInterval,
        () => this.#promote(),
        this.#due,
      ),
      loop('taking over jobs', recoverInterval, async () => {
        if ((await this.#store.recover()) === 0) return recoverInterval;
        // What was taken over begins again at once.
        this.#due.ring();
        return 0;
      }),
      loop('archiving resolved jobs', archiveInterval, async () =>
        (await this.#store.archiveResolved()) > 0 ? 0 : archiveInterval,
      ),
      loop('looking for jobs', pollInterval, () => {
        this.#wakeAll();
        return Promise.resolve(pollInterval);
      }),
    ];
  }

  /**
   * Claims no more, lets jobs end within the drain's time, then cuts off those that have not: they
   * are run again elsewhere, and the attempt does not count. A database that answers nothing makes that
   * longer by six seconds, no more; what was claimed is then run again elsewhere, too.
   */
  async drain(): Promise<void> {
    const runners = [...this.#runners.values()];
    for (const runner of runners) runner.stop();
    const ended = Promise.all([
      this.#listener.stop(),
      ...this.#stopLoops.map((stop) => stop()),
      ...runners.map((runner) => runner.idle()),
    ]);
    const { drainTimeoutSeconds = 25, logger } = this.#options;
    await within(drainTimeoutSeconds * 1_000, ended);
    for (const run of this.#runs()) run.cut();
    this.#settler.hurry();
    await closed(logger, gracePeriod, { jobs: ended });
    await closed(logger, partingTime, { 'connections of jobs': this.#leave() });
  }

  async #leave(): Promise<void> {
    await this.#stopHeartbeats?.();
    if (this.#settling.isInitialized) await this.#settling.destroy();
  }

  #runs() {
    return [...this.#runners.values()].flatMap((runner) => [...runner.runs]);
  }

  #wakeAll(): void {
    for (const runner of this.#runners.values()) runner.wake();
  }

  async #promote(): Promise<number> {
    const { promoted, nextInSeconds } = await this.#store.promote();
    if (promoted === promotionBatch) return 0;
    return nextInSeconds === undefined
      ? promoteInterval
      : nextInSeconds * 1_000;
  }
}
