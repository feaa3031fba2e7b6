import type { DataSource } from 'typeorm';

import type { Logger } from '../../logger.ts';
import { startHeartbeats } from '../dispatch/heartbeats.ts';
import { QueueRunner, type Ended } from '../dispatch/queue-runner.ts';
import { Settler } from '../dispatch/settler.ts';
import { workerName } from '../dispatch/worker-name.ts';
import type { ClaimRequest, JobStore, Settled } from '../port.ts';
import { type JobRegistry, queueNamed } from '../registry.ts';
import { createPostgresStore } from '../store/postgres-store.ts';

export interface InvocationOptions {
  readonly con: DataSource;
  readonly registry: JobRegistry;
  readonly logger: Logger;
  /** Cuts jobs off: whoever asked went away. Those are run again, and the attempt does not count. */
  readonly signal?: AbortSignal;
}

/** How many runs ended in each way. */
export type Counts = Readonly<Record<Settled, number>>;

/** Seconds that a run is owned without a heartbeat. */
const leaseSeconds = 10;

/** Runs jobs for as long as somebody waits for that: within one request. */
export class Invocation {
  readonly store: JobStore;
  readonly #options: InvocationOptions;
  readonly #settler: Settler;
  readonly #worker = workerName();
  readonly #runners: QueueRunner[] = [];
  readonly #counts: Record<Settled, number> = {
    completed: 0,
    retried: 0,
    exhausted: 0,
    released: 0,
    lost: 0,
  };

  constructor(options: InvocationOptions) {
    this.#options = options;
    this.store = createPostgresStore({
      con: options.con,
      leaseSeconds,
      onDead: (name) => options.registry.keepers?.[name]?.onDead,
      queueOf: (name) => queueNamed(options.registry.queues, name),
    });
    this.#settler = new Settler(this.store, options.logger);
  }

  get counts(): Counts {
    return this.#counts;
  }

  /** @throws UnknownQueueError */
  add(
    name: string,
    asks: () => Partial<ClaimRequest> | undefined,
    onEnded?: (ended: Ended) => void,
  ): QueueRunner {
    const { con, registry, logger } = this.#options;
    const runner = new QueueRunner({
      name,
      // Whoever is there for one request keeps no slots free.
      queue: { ...queueNamed(registry.queues, name), enterpriseSlots: 0 },
      registry,
      store: this.store,
      con,
      logger,
      settler: this.#settler,
      worker: this.#worker,
      asks,
    });
    runner.on('ended', (ended) => {
      this.#counts[ended.settled] += 1;
      onEnded?.(ended);
      // What its end made follows within the same request, in whatever queue.
      if (registry.keepers?.[ended.job.name])
        for (const each of this.#runners) each.wake();
    });
    this.#runners.push(runner);
    return runner;
  }

  /** Runs what there is, until nothing is left to claim or the signal fires. */
  async run(): Promise<void> {
    const { logger, signal } = this.#options;
    const cut = (): void => this.cut();
    signal?.addEventListener('abort', cut);
    const stopHeartbeats = startHeartbeats({
      store: this.store,
      logger,
      leaseSeconds,
      runs: () => this.#runners.flatMap((runner) => [...runner.runs]),
    });
    try {
      if (signal?.aborted) return;
      for (const runner of this.#runners) runner.wake();
      while (this.#runners.some((runner) => !runner.isIdle))
        await Promise.all(this.#runners.map((runner) => runner.idle()));
    } finally {
      signal?.removeEventListener('abort', cut);
      await stopHeartbeats();
    }
  }

  /** Claims no more and cuts off what runs. */
  cut(): void {
    for (const runner of this.#runners) {
      runner.stop();
      for (const run of runner.runs) run.cut();
    }
    this.#settler.hurry();
  }
}
