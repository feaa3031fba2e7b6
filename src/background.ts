import type { FastifyInstance } from 'fastify';

import { checkDatabase } from './api/health/database.ts';
import { createHealthServer } from './api/health-server.ts';
import { CausalityRecorder } from './causality/recorder.ts';
import { config } from './config.ts';
import createOrGetConnection, { closeConnection } from './db.ts';
import { closed } from './drain.ts';
import { flowsOf } from './flows/index.ts';
import { startDirectPublishing } from './host/direct-publishing.ts';
import { createHost, type Host } from './host/host.ts';
import type { ServedWorker } from './host/served-worker.ts';
import {
  type JobService,
  type JobServiceOptions,
  startJobs,
} from './jobs/service.ts';
import type { Logger } from './logger.ts';
import { observeSystem } from './observation/observer.ts';
import {
  type Reporter,
  startReporting,
} from './observation/processes/reporter.ts';
import { startPruning } from './retention/pruner.ts';
import { checkSchema } from './schema/check.ts';
import { PauseFollower } from './subscriptions/follow.ts';
import { collectProcessMetrics, registry } from './telemetry/metrics.ts';
import { startTracing } from './telemetry/tracing.ts';

export interface BackgroundOptions {
  /** Name of the process in traces. */
  readonly name: string;
  readonly workers: readonly ServedWorker[];
  /** Runs jobs and fires schedules. @default none */
  readonly jobs?: Pick<
    JobServiceOptions,
    'registry' | 'queues' | 'concurrency' | 'schedules'
  >;
  readonly logger: Logger;
}

/** How long what runs now and then may take to end, and each of what is closed after it, in milliseconds. */
const gracePeriod = 5_000;
const partingTime = 2_000;

/** A running background process. */
export interface Background {
  /** Address of `/health/live`, `/health/ready` and `/metrics`. */
  readonly healthUrl: string;
  /** Subscriptions served. */
  readonly subscriptions: number;
  /** Queues served. */
  readonly queues: readonly string[];
  /**
   * Stops pulling, lets handlers end within DRAIN_TIMEOUT_SECONDS, then aborts them; closes what it
   * opened. A database that says nothing makes that longer by ten seconds, no more, a broker by
   * fifteen, both by twenty. Idempotent.
   */
  drain(): Promise<void>;
}

const readiness = async (host: Host) => {
  const database = await checkDatabase(await createOrGetConnection());
  const { ready, subscriptions } = host.status();
  const troubled = subscriptions
    .filter(({ state }) => state !== 'streaming')
    .map(({ subscription, state, reason }) => [
      subscription,
      reason ? `${state}: ${reason}` : state,
    ]);
  return {
    ok: ready && database.database === 'ok' && database.migrations === 'ok',
    checks: {
      ...database,
      subscriptions: ready ? 'ok' : 'not all are streaming',
      ...(Object.fromEntries(troubled) as Record<string, string>),
    },
  };
};

/**
 * Serves workers and jobs in this process: connects, checks the schema (it does not migrate), opens
 * every subscription, runs jobs, fires schedules and answers probes.
 *
 * @throws PendingMigrationsError if the database lacks migrations of this version, UnknownQueueError.
 */
export const startBackground = async ({
  name,
  workers,
  jobs,
  logger,
}: BackgroundOptions): Promise<Background> => {
  const {
    PUBSUB_PROJECT_ID,
    PUBSUB_EMULATOR_HOST,
    DATABASE_URL,
    HEALTH_PORT,
    DRAIN_TIMEOUT_SECONDS,
    NODE_ENV,
    CAUSALITY_RECORDING,
    CAUSALITY_MAX_RATE,
  } = config();
  const client = {
    projectId: PUBSUB_PROJECT_ID,
    ...(PUBSUB_EMULATOR_HOST !== undefined && {
      emulatorHost: PUBSUB_EMULATOR_HOST,
    }),
  };
  const tracing = startTracing({ serviceName: name });
  collectProcessMetrics();
  const stopDirectPublishing = startDirectPublishing(client);
  const opened: {
    host?: Host;
    pauses?: PauseFollower;
    jobs?: JobService;
    health?: FastifyInstance;
    stopPruning?: () => Promise<void>;
    reporter?: Reporter;
    recorder?: CausalityRecorder;
  } = {};

  const drain = async (): Promise<void> => {
    await Promise.all([
      // Within bounds of their own.
      opened.host?.drain(),
      opened.jobs?.drain(),
      closed(logger, gracePeriod, {
        pauses: opened.pauses?.stop(),
        pruning: opened.stopPruning?.(),
      }),
    ]);
    await closed(logger, partingTime, {
      reports: opened.reporter?.stop(),
      deliveries: opened.recorder?.stop(),
      publishing: stopDirectPublishing(),
      health: opened.health?.close(),
    });
    await closed(logger, partingTime, {
      database: closeConnection(),
      tracing: tracing.shutdown(),
    });
  };

  try {
    const dataSource = await createOrGetConnection();
    await checkSchema(dataSource);
    if (CAUSALITY_RECORDING)
      opened.recorder = new CausalityRecorder({
        con: dataSource,
        logger,
        maxRate: CAUSALITY_MAX_RATE,
      });
    const host = createHost({
      workers,
      recorder: opened.recorder,
      dataSource,
      logger,
      drainTimeoutSeconds: DRAIN_TIMEOUT_SECONDS,
      ...client,
    });
    opened.host = host;
    if (workers.length > 0) {
      opened.pauses = new PauseFollower({
        con: dataSource,
        url: DATABASE_URL,
        logger,
        onPauses: (paused) => host.setPauses(paused),
      });
      await opened.pauses.start();
    }
    observeSystem({
      con: dataSource,
      emulatorHost: PUBSUB_EMULATOR_HOST,
      registry,
    });
    opened.health = createHealthServer({
      ready: () => readiness(host),
      registry,
      logger,
    });
    const healthUrl = await opened.health.listen({
      host: NODE_ENV === 'production' ? '0.0.0.0' : '127.0.0.1',
      port: HEALTH_PORT,
      listenTextResolver: (address) => `health and metrics at ${address}`,
    });
    await host.start();
    if (jobs)
      opened.jobs = await startJobs({
        ...jobs,
        con: dataSource,
        url: DATABASE_URL,
        logger,
        drainTimeoutSeconds: DRAIN_TIMEOUT_SECONDS,
      });
    opened.stopPruning = startPruning(dataSource, logger);
    opened.reporter = startReporting({
      con: dataSource,
      registry,
      logger,
      name,
      ...(jobs && { flows: flowsOf(jobs.registry) }),
    });
    let drained: Promise<void> | undefined;
    return {
      healthUrl,
      subscriptions: workers.length,
      queues: opened.jobs?.queues ?? [],
      drain: () => (drained ??= drain()),
    };
  } catch (error) {
    await drain().catch(() => undefined);
    throw error;
  }
};
