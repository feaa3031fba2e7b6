import { randomUUID } from 'node:crypto';

import fastify, { type FastifyInstance, LogController } from 'fastify';
import {
  mercurius,
  type MercuriusContext,
  type MercuriusOptions,
} from 'mercurius';
import type { Registry } from 'prom-client';
import type { DataSource } from 'typeorm';

import type { FlowOf } from '../flows/index.ts';
import type { JobRegistry } from '../jobs/registry.ts';
import type { Logger } from '../logger.ts';
import type { ExportStorage } from '../storage/export-storage.ts';
import { createOverviewReader } from '../observation/overview.ts';
import type { BrokerSettings } from '../observation/subscription.ts';
import { haltingQueues } from '../jobs/operate/halting.ts';
import { addAdminRoutes } from './admin/routes.ts';
import {
  authenticate,
  type Caller,
  type CallerSecrets,
  type Credentials,
} from './caller.ts';
import type { ApiContext } from './context.ts';
import { addDraining } from './draining.ts';
import { formatErrors } from './error-format.ts';
import { ApiError } from './errors.ts';
import { addExportRoutes } from './exports/routes.ts';
import { checkDatabase } from './health/database.ts';
import { addHealthRoutes } from './health/routes.ts';
import { addJobRoutes } from './jobs/routes.ts';
import { loaders } from './loaders.ts';
import { withOperatorResolvers } from './operator/graphql/resolvers.ts';
import { operatorSchema } from './operator/graphql/schema.ts';
import type { ConfiguredOperator } from './operator/access.ts';
import { doctorFor, type Examine } from './operator/doctor.ts';
import { OverviewService } from './operator/overview-service.ts';
import type { PreviewRedrive, Redrive, Resend } from './operator/redriving.ts';
import { addOperatorRoutes } from './operator/routes.ts';
import {
  developmentDepth,
  maximumBody,
  maximumDepth,
  maximumTokens,
  queryLimits,
} from './query-limits.ts';
import { addPushNoticeRoutes } from './push-notices/routes.ts';
import { NotificationListener } from './real-time/notification-listener.ts';
import { addSocketGuard } from './real-time/socket-guard.ts';
import { addRequestMetrics } from './request-metrics.ts';
import { addRequestSpans, nameRequestSpan } from './request-span.ts';
import { resolvers } from './resolvers/index.ts';
import { schema } from './schema.ts';
import { addSocketLimits } from './socket-limits.ts';

const path = '/graphql';
/** Sockets held at once; further ones are refused. */
const maximumConnections = 10_000;
/** Milliseconds between pings of a WebSocket, so that nothing on the way takes it for dead. */
const pingInterval = 30_000;
/** Parsed documents kept. */
const cachedDocuments = 256;

declare module 'fastify' {
  interface FastifyInstance {
    /** Of the API: what follows notifications for its subscriptions. */
    readonly notifications: NotificationListener;
  }
  interface FastifyRequest {
    /** Set on requests of GraphQL before anything else is looked at. */
    caller: Caller | undefined;
  }
}

/** What the API is made of; nothing is read from the environment. */
export interface ApiDependencies {
  /** Initialized; closed by whoever made it. */
  readonly dataSource: DataSource;
  readonly logger: Logger;
  /** Shown at `/metrics`. */
  readonly registry: Registry;
  /** Redrives dead letters, where the process knows the workers. @default closed */
  readonly redrive?: Redrive;
  /** Compares dead letters with their handlers' schemas. @default closed */
  readonly preview?: PreviewRedrive;
  /** @default closed: this process knows no workers */
  readonly resend?: Resend;
  /** What `POST /api/worker` and `/api/jobs/run` can run. @default closed */
  readonly jobs?: () => Promise<JobRegistry>;
  /** The flow of a run, so that what an operator's signal carries is checked. @default none: signals are refused */
  readonly flowOf?: FlowOf;
  /** Asks the doctor, where the process knows what runs where. @default the page says that it cannot */
  readonly examine?: Examine;
  /** Tells how the broker's subscriptions are configured. @default the page says that it cannot */
  readonly brokerSettings?: () => Promise<BrokerSettings>;
  /** Where exports are kept. @default fetching them is closed */
  readonly exports?: ExportStorage;
  readonly config: {
    /** Of the database, for the connection that follows notifications. */
    readonly databaseUrl: string;
    /** The gateway's bearer token; `undefined` closes mutations and private data. */
    readonly apiSecret: string | undefined;
    /** The operators' bearer token with every right. @default none */
    readonly operatorSecret?: string | undefined;
    /** Operators with tokens and rights of their own. @default none: without a secret, too, their routes and fields are closed */
    readonly operators?: readonly ConfiguredOperator[] | undefined;
    /** `host:port` of a local broker, for its backlogs. @default none: they are not shown */
    readonly emulatorHost?: string | undefined;
    /** Bearer token of the job API. @default none: it is closed */
    readonly jobApiSecret?: string | undefined;
    /** Bearer token of those who have jobs run. @default none: that is closed */
    readonly workerSecret?: string | undefined;
    /** Seconds that `POST /api/worker` takes at most. @default 50 */
    readonly workerBudgetSeconds?: number;
    /** Hours after which a connection that nobody synced is due. @default 24 */
    readonly syncHours?: number;
    /** Days after which exports are deleted. @default 365 */
    readonly retentionDays?: number;
    /** Serve GraphiQL at `/graphiql`: in development only. @default false */
    readonly graphiql?: boolean;
    /** Milliseconds until a request that is not done is answered as UNAVAILABLE. @default 30000 */
    readonly patience?: number;
  };
}

/** A caller named by the first message of a WebSocket; browsers cannot send headers with it. */
const callerOfSocket = (
  payload: unknown,
  secrets: CallerSecrets,
): { caller: Caller } | boolean => {
  const credentials = (payload ?? {}) as Credentials;
  if (typeof credentials.authorization !== 'string') return true;
  try {
    return { caller: authenticate(credentials, secrets) };
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
};

/**
 * Makes the API: GraphQL at `/graphql` (POST, GET for queries, WebSockets for subscriptions),
 * `/health/live`, `/health/ready`, `/metrics`, `/api/operator` and `/admin` for operators, and `/api/jobs` and
 * `/api/worker` for jobs. The caller listens, and closes it, which ends
 * subscriptions and waits for what runs.
 */
export const createApi = ({
  dataSource,
  logger,
  registry,
  redrive,
  preview,
  resend,
  flowOf,
  examine,
  brokerSettings,
  exports,
  jobs = () =>
    Promise.reject(
      new ApiError('CLOSED', 'this process has no handlers to run jobs with'),
    ),
  config: {
    databaseUrl,
    apiSecret,
    operatorSecret,
    operators,
    emulatorHost,
    jobApiSecret,
    workerSecret,
    workerBudgetSeconds = 50,
    syncHours = 24,
    retentionDays = 365,
    graphiql = false,
    patience = 30_000,
  },
}: ApiDependencies): FastifyInstance => {
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'requestId',
    }),
    bodyLimit: maximumBody,
    requestTimeout: patience,
    handlerTimeout: patience,
    genReqId: () => randomUUID(),
  }) as unknown as FastifyInstance;
  app.server.maxConnections = maximumConnections;
  const access = { operatorSecret, operators };
  const secrets = { apiSecret, ...access };
  const overview = new OverviewService(
    createOverviewReader({
      con: dataSource,
      emulatorHost,
      haltingQueues: haltingQueues(),
    }),
    logger,
  );
  const desk = { dataSource, redrive, preview, resend, patience };
  const notifications = new NotificationListener({ url: databaseUrl, logger });
  const contextOf = (caller: Caller = { kind: 'anonymous' }): ApiContext => ({
    caller,
    con: dataSource,
    logger,
    notifications,
  });

  app.decorate('notifications', notifications);
  app.decorateRequest('caller');
  addDraining(app);
  addRequestSpans(app);
  addRequestMetrics(app, registry);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    if (request.routeOptions.url !== path) return;
    request.caller = authenticate(request.headers, secrets);
    // Payloads have no place in the caches of others.
    if (request.caller.kind === 'operator')
      reply.header('cache-control', 'no-store');
  });
  app.setNotFoundHandler(async ({ method, url }, reply) => {
    const message = `expected a route of this API, got: ${method} ${url.split('?')[0]}; GraphQL is at ${path}, what operators do at /admin and below /api/operator, jobs at /api/jobs`;
    return reply
      .code(404)
      .send({ errors: [{ message, extensions: { code: 'NOT_FOUND' } }] });
  });

  const options: MercuriusOptions = {
    schema: [schema, operatorSchema],
    resolvers: withOperatorResolvers(resolvers, {
      ...desk,
      access,
      brokerSettings,
      syncHours,
      retentionDays,
      flowOf,
      overview,
      doctor: doctorFor(examine),
    }),
    loaders,
    path,
    graphiql,
    cache: cachedDocuments,
    queryDepth: graphiql ? developmentDepth : maximumDepth,
    validationRules: [queryLimits],
    graphql: { parseOptions: { maxTokens: maximumTokens } },
    allowBatchedQueries: false,
    context: ({ caller }) => contextOf(caller),
    errorFormatter: (execution, context) => {
      const { reply, request } = context as Partial<MercuriusContext>;
      const requestId = (reply?.request ?? request)?.id ?? 'no request';
      return formatErrors(execution, { logger, requestId });
    },
    subscription: {
      keepAlive: pingInterval,
      context: (_socket, { caller }) => contextOf(caller),
      onConnect: ({ payload }) => callerOfSocket(payload, secrets),
    },
  };
  addSocketGuard(app, logger);
  app.register(mercurius, options);
  app.after(() => {
    app.graphql.addHook('preExecution', async (_schema, document) =>
      nameRequestSpan(document),
    );
    addSocketLimits(app);
  });

  addHealthRoutes(app, {
    registry,
    ready: async () => {
      const database = await checkDatabase(dataSource);
      return {
        ok: database.database === 'ok' && database.migrations === 'ok',
        checks: { ...database, realTime: notifications.state },
      };
    },
  });
  addOperatorRoutes(app, {
    ...desk,
    logger,
    access,
  });
  addAdminRoutes(app, logger);
  addJobRoutes(app, {
    dataSource,
    logger,
    jobApiSecret,
    workerSecret,
    workerBudgetSeconds,
    jobs,
  });
  addExportRoutes(app, { dataSource, logger, apiSecret, exports });
  addPushNoticeRoutes(app, { dataSource, logger });
  app.addHook('onReady', async () => notifications.start());
  app.addHook('onClose', () => {
    overview.stop();
    return notifications.stop();
  });
  return app;
};
