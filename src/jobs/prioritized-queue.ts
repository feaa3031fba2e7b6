import type { DataSource, EntityManager } from 'typeorm';
import { z } from 'zod';

import { config } from '../config.ts';
import createOrGetConnection from '../db.ts';
import type { Operator } from '../dead-letters/audit.ts';
import { currentCause } from '../events/context.ts';
import { createLogger, type Logger } from '../logger.ts';
import { Dispatcher } from './dispatch/dispatcher.ts';
import type { JobContext } from './handler.ts';
import { pauseQueue, resumeQueue } from './operate/pause.ts';
import { type QueueStatistics, queueStatistics } from './operate/statistics.ts';
import { originOf } from './origin.ts';
import {
  type Backoff,
  type QueueDefinition,
  QueuePriority,
  TenantTier,
} from './queue.ts';
import { queues } from './queues.ts';
import type { JobRegistry } from './registry.ts';
import { resolveJob } from './resolve.ts';
import { enqueue } from './store/enqueue.ts';

/** Whose work it is, and the work itself. */
export type Prioritized<Payload> = Payload & {
  readonly tenantId: string;
  /** @default TenantTier.FREE */
  readonly tenantTier?: TenantTier;
};

export interface PrioritizedQueueOptions extends QueueDefinition {
  /**
   * Slots of every worker, beside its concurrency, that only enterprise tenants' work may take, so that it
   * begins also while others hold all the rest. @default 1
   */
  readonly enterpriseSlots?: number;
  /** What the work has to look like; checked when it is added and when it is run. @default anything */
  readonly payload?: z.ZodType;
  /** @default the connection of this process */
  readonly con?: DataSource;
  /** A Postgres URL. @default DATABASE_URL */
  readonly url?: string;
  readonly logger?: Logger;
}

export interface AddOptions {
  /** The transaction that the work belongs to. @default that of the handler that runs, else one of its own */
  readonly manager?: EntityManager;
  readonly run_at?: Date | string;
  readonly idempotencyKey?: string;
  readonly attempts?: number;
  readonly backoff?: Backoff;
  /** Seconds. */
  readonly timeout?: number;
}

/** Running workers of a queue in this process. */
export interface PrioritizedWorker {
  /** Claims no more and waits for what runs; see `Dispatcher`. */
  drain(): Promise<void>;
}

const tenantSchema = z.looseObject({
  tenantId: z.string(),
  tenantTier: z.enum(Object.values(TenantTier)).default(TenantTier.FREE),
});

/**
 * A queue of one kind of work for many tenants: priorities, fairness between tenants, hard caps and
 * rates for each, and enterprise tenants first. Its jobs are jobs like any other: they share the table,
 * the dead-letter desk and the metrics.
 *
 * A name of src/jobs/queues.ts brings its settings along; `options` go over them.
 *
 * @example
 * const exports = new PrioritizedQueue('exports', async ({ file }) => write(file), { tenantConcurrency: 2 });
 * await exports.add({ tenantId: 'acme', tenantTier: TenantTier.ENTERPRISE, file }, QueuePriority.HIGH);
 * await exports.startWorker(5);
 */
export class PrioritizedQueue<Payload extends object = object> {
  readonly name: string;
  readonly #options: PrioritizedQueueOptions;
  readonly #registry: JobRegistry;
  readonly #logger: Logger;

  constructor(
    name: string,
    handler: (
      payload: Prioritized<Payload>,
      context: JobContext,
    ) => Promise<unknown>,
    options: PrioritizedQueueOptions = {},
  ) {
    const { payload, con, url, logger, ...definition } = options;
    this.name = name;
    this.#options = {
      ...(payload && { payload }),
      ...(con && { con }),
      ...(url !== undefined && { url }),
    };
    this.#logger = logger ?? createLogger(name);
    const declared: Readonly<Record<string, QueueDefinition>> = queues;
    this.#registry = {
      queues: {
        [name]: {
          enterpriseSlots: 1,
          ...(Object.hasOwn(declared, name) && declared[name]),
          ...definition,
        },
      },
      declarations: {
        [name]: {
          payload: payload ? tenantSchema.and(payload) : tenantSchema,
        },
      },
      handlers: {
        [name]: {
          handler: (given, context) =>
            handler(given as Prioritized<Payload>, context),
        },
      },
    };
  }

  /**
   * Adds work for a tenant.
   *
   * @param priority @default the queue's
   * @returns the id of its job.
   * @throws InvalidJobError if it is not as it has to be; nothing was added then.
   */
  async add(
    work: Prioritized<Payload>,
    priority?: QueuePriority,
    { manager, ...options }: AddOptions = {},
  ): Promise<string> {
    const job = resolveJob(
      this.name,
      this.#registry.declarations[this.name]!,
      this.#registry.queues,
      {
        run_at: undefined,
        idempotencyKey: undefined,
        attempts: undefined,
        backoff: undefined,
        timeout: undefined,
        ...options,
        payload: work,
        queue: this.name,
        priority,
        key: undefined,
        tenant: {
          id: work.tenantId,
          tier: work.tenantTier ?? TenantTier.FREE,
        },
      },
      originOf(this.name, options.idempotencyKey),
    );
    const [added] = await enqueue(
      manager ?? currentCause()?.manager ?? (await this.#connection()).manager,
      [job],
    );
    return added!.id;
  }

  /**
   * Works in this process.
   *
   * @param concurrency jobs at once. @default the queue's
   */
  async startWorker(concurrency?: number): Promise<PrioritizedWorker> {
    const dispatcher = new Dispatcher({
      con: await this.#connection(),
      url: this.#options.url ?? config().DATABASE_URL,
      registry: this.#registry,
      logger: this.#logger,
      ...(concurrency !== undefined && { concurrency }),
    });
    await dispatcher.start();
    return dispatcher;
  }

  async stats(): Promise<QueueStatistics> {
    const [statistics] = await queueStatistics(
      (await this.#connection()).manager,
      this.name,
    );
    return (
      statistics ?? {
        queue: this.name,
        pending: 0,
        scheduled: 0,
        running: 0,
        failed: 0,
        completed: 0,
        oldestDueSeconds: 0,
        pausedBy: undefined,
      }
    );
  }

  /** Lets no process begin work of this queue. Audited. */
  async pause(operator: Operator): Promise<void> {
    await pauseQueue((await this.#connection()).manager, this.name, operator);
  }

  /** Lets all processes go on. Audited. */
  async resume(operator: Operator): Promise<void> {
    await resumeQueue((await this.#connection()).manager, this.name, operator);
  }

  async #connection(): Promise<DataSource> {
    return this.#options.con ?? (await createOrGetConnection());
  }
}

export { QueuePriority, TenantTier };
