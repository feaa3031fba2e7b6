import { once } from 'node:events';

import type { PubSub } from '@google-cloud/pubsub';
import { Command, InvalidArgumentError, Option } from 'commander';

import {
  developmentSecret,
  exampleJob,
  exampleOperator,
  exampleUpvote,
} from '../api/development.ts';
import { createApi } from '../api/create-api.ts';
import { config } from '../config.ts';
import createOrGetConnection, { closeConnection } from '../db.ts';
import { closed, within } from '../drain.ts';
import { flowOf } from '../flows/index.ts';
import { createPublisherClient } from '../host/clients.ts';
import { startDirectPublishing } from '../host/direct-publishing.ts';
import { createLogger } from '../logger.ts';
import {
  type Reporter,
  startReporting,
} from '../observation/processes/reporter.ts';
import { checkSchema } from '../schema/check.ts';
import { exportStorage } from '../storage/export-storage.ts';
import { collectProcessMetrics, registry } from '../telemetry/metrics.ts';
import { startTracing } from '../telemetry/tracing.ts';
import type { OpenRedriver } from './redriver.ts';
import { endSoon } from './run-until-stopped.ts';

export interface ApiOptions {
  /** Address to listen on. @default '127.0.0.1' in development, else '0.0.0.0' */
  readonly host?: string;
  /** 0 is any free one. @default PORT */
  readonly port?: number;
}

export interface RunningApi {
  /** `http://host:port` */
  readonly url: string;
  /** Whether API_SECRET is set or made up; else mutations are closed. */
  readonly apiSecret: string | undefined;
  /** Whether OPERATOR_SECRET is set or made up; else what operators do is closed. */
  readonly operatorSecret: string | undefined;
  /** Whether JOB_API_SECRET is set or made up; else the job API is closed. */
  readonly jobApiSecret: string | undefined;
  /** Whether WORKER_INVOCATION_SECRET is set or made up; else no jobs are run over HTTP. */
  readonly workerSecret: string | undefined;
  /**
   * Stops accepting, ends subscriptions, waits for what runs up to DRAIN_TIMEOUT_SECONDS, then
   * cuts it off; closes the pool and sends the last spans, within ten seconds more.
   *
   * @returns whether everything had finished in time
   */
  close(): Promise<boolean>;
}

/** What is closed at the end may take so long, and the pool and the last spans after it, in milliseconds. */
const closingTime = 5_000;
const partingTime = 2_000;

/**
 * Starts the API as this process's environment says.
 *
 * @throws PendingMigrationsError if the database lacks migrations of this version.
 */
export const startApi = async (
  options: ApiOptions = {},
): Promise<RunningApi> => {
  const environment = config();
  const development = environment.NODE_ENV === 'development';
  const logger = createLogger('api');
  const apiSecret =
    environment.API_SECRET ?? (development ? developmentSecret() : undefined);
  const operatorSecret =
    environment.OPERATOR_SECRET ??
    (development ? developmentSecret() : undefined);
  const jobApiSecret =
    environment.JOB_API_SECRET ??
    (development ? developmentSecret() : undefined);
  const workerSecret =
    environment.WORKER_INVOCATION_SECRET ??
    (development ? developmentSecret() : undefined);
  if (apiSecret === undefined)
    logger.warn('API_SECRET is not set: mutations and private data are closed');
  const tracing = startTracing({ serviceName: 'nightshift-api' });
  collectProcessMetrics();
  const stopDirectPublishing = startDirectPublishing({
    projectId: environment.PUBSUB_PROJECT_ID,
    ...(environment.PUBSUB_EMULATOR_HOST !== undefined && {
      emulatorHost: environment.PUBSUB_EMULATOR_HOST,
    }),
  });
  const opened: {
    redriver?: OpenRedriver;
    reporter?: Reporter;
    pubsub?: PubSub;
  } = {};
  const release = async () => {
    await closed(logger, closingTime, {
      reports: opened.reporter?.stop(),
      redrives: opened.redriver?.close(),
      broker: opened.pubsub?.close(),
      publishing: stopDirectPublishing(),
    });
    await closed(logger, partingTime, {
      database: closeConnection(),
      tracing: tracing.shutdown(),
    });
  };
  try {
    const dataSource = await createOrGetConnection();
    await checkSchema(dataSource);
    // The workers are loaded when they are needed, not at every start.
    const redriver = async (): Promise<OpenRedriver> => {
      const { openRedriver } = await import('./redriver.ts');
      const { fullRegistry } = await import('./work-registry.ts');
      return (opened.redriver ??= openRedriver(
        dataSource,
        logger,
        fullRegistry,
      ));
    };
    const app = createApi({
      dataSource,
      redrive: async (call) => {
        const { redriveWith } = await import('./redriver.ts');
        return redriveWith(await redriver())(call);
      },
      preview: async (ids) => {
        const { previewWith } = await import('./redriver.ts');
        return previewWith(await redriver())(ids);
      },
      resend: {
        preview: async (edit) => {
          const { resendWith } = await import('./redriver.ts');
          return resendWith(await redriver()).preview(edit);
        },
        run: async (request) => {
          const { resendWith } = await import('./redriver.ts');
          return resendWith(await redriver()).run(request);
        },
      },
      flowOf: async (name, version) => {
        const { flows } = await import('../flows/definitions/index.ts');
        return flowOf(flows, name, version);
      },
      examine: async () => {
        const { examineHere } = await import('./doctor.ts');
        return examineHere();
      },
      brokerSettings: async () => {
        const { readBroker } = await import('../provision/broker.ts');
        opened.pubsub ??= createPublisherClient({
          projectId: environment.PUBSUB_PROJECT_ID,
          ...(environment.PUBSUB_EMULATOR_HOST !== undefined && {
            emulatorHost: environment.PUBSUB_EMULATOR_HOST,
          }),
        });
        return (await readBroker(opened.pubsub, 3_000)).subscriptions;
      },
      exports: await exportStorage(),
      // Handlers, too.
      jobs: async () => (await import('./work-registry.ts')).fullRegistry,
      logger,
      registry,
      config: {
        databaseUrl: environment.DATABASE_URL,
        apiSecret,
        operatorSecret,
        operators: environment.OPERATORS,
        emulatorHost: environment.PUBSUB_EMULATOR_HOST,
        jobApiSecret,
        workerSecret,
        workerBudgetSeconds: environment.WORKER_BUDGET_SECONDS,
        syncHours: environment.CONNECTION_SYNC_HOURS,
        retentionDays: environment.DATA_RETENTION_DAYS,
        graphiql: development,
      },
    });
    const url = await app.listen({
      host: options.host ?? (development ? '127.0.0.1' : '0.0.0.0'),
      port: options.port ?? environment.PORT,
      listenTextResolver: (address) => `the API listens at ${address}`,
    });
    opened.reporter = startReporting({
      con: dataSource,
      registry,
      logger,
      name: 'nightshift-api',
    });
    const close = async () => {
      const limit = environment.DRAIN_TIMEOUT_SECONDS * 1_000;
      const ended = app.close();
      const finished = await within(limit, ended);
      if (!finished) {
        logger.error({ limit }, 'requests did not finish in time; cutting off');
        app.server.closeAllConnections();
        await closed(logger, partingTime, { server: ended });
      }
      await release();
      return finished;
    };
    return {
      url,
      apiSecret,
      operatorSecret,
      jobApiSecret,
      workerSecret,
      close,
    };
  } catch (error) {
    await release().catch(() => undefined);
    throw error;
  }
};

/** Runs the API until SIGTERM or SIGINT, then drains; a second signal ends the process at once. */
export const runApi = async (options: ApiOptions = {}): Promise<void> => {
  const logger = createLogger('api');
  const stopped = new AbortController();
  const signal = Promise.race(
    (['SIGTERM', 'SIGINT'] as const).map(async (name) => {
      await once(process, name, { signal: stopped.signal });
      return name;
    }),
  );
  const api = await startApi(options);
  if (config().NODE_ENV === 'development') {
    console.log(await exampleUpvote(await createOrGetConnection(), api));
    console.log(exampleOperator(api));
    console.log(exampleJob(api));
  }
  logger.info({ signal: await signal }, 'draining');
  stopped.abort();
  if (!(await api.close())) process.exitCode = 1;
  logger.info('the API stopped');
  endSoon();
};

const port = (given: string): number => {
  const number = Number(given);
  if (Number.isInteger(number) && number >= 0 && number <= 65_535)
    return number;
  throw new InvalidArgumentError('expected a port from 0 (any free) to 65535');
};

/** `nightshift api`: serves GraphQL, health and metrics. */
export const apiCommand = (): Command =>
  new Command('api')
    .description('serve the GraphQL API')
    .option('--host <address>', 'address to listen on (development: 127.0.0.1)')
    .addOption(
      new Option(
        '--port <port>',
        'port, 0 for any free one (default: PORT)',
      ).argParser(port),
    )
    .addHelpText(
      'after',
      `
/graphql          queries are public; mutations need Authorization: Bearer <API_SECRET>, and
                  x-user-id: <uuid> of the person for whom the gateway asks; operators' fields as below
/graphiql         in development
/api/exports      asks for exports, with the same token; files by their link, signed with EXPORT_LINK_SECRET
/admin            the operators' page, which asks for the token of an operator
/api/operator     dead letters and the audit log, with Authorization: Bearer <token of an operator>;
                  with OPERATOR_SECRET, changes also need x-operator: <name>, for the audit log
/api/jobs         POST creates a job, GET /api/jobs/:id shows it, with Authorization: Bearer <JOB_API_SECRET>
/api/jobs/run     POST runs jobs of a queue, and POST /api/worker whatever is due, with
                  Authorization: Bearer <WORKER_INVOCATION_SECRET>
/api/openapi.json describes the routes of jobs
/health/live, /health/ready, /metrics

Environment: DATABASE_URL, PORT, API_SECRET, OPERATOR_SECRET, OPERATORS, JOB_API_SECRET, WORKER_INVOCATION_SECRET,
WORKER_BUDGET_SECONDS, DRAIN_TIMEOUT_SECONDS, LOG_LEVEL.

Examples:
  nightshift api --port 0
  API_SECRET=at-least-16-characters NODE_ENV=production nightshift api`,
    )
    .action(runApi);
