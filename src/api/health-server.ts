import fastify, { type FastifyInstance, LogController } from 'fastify';

import type { Logger } from '../logger.ts';
import { addHealthRoutes, type HealthOptions } from './health/routes.ts';

export interface HealthServerOptions extends HealthOptions {
  readonly logger: Logger;
}

/**
 * A server of `/health/live`, `/health/ready` and `/metrics` for processes that serve nothing else.
 * The caller listens and closes.
 */
export const createHealthServer = ({
  ready,
  registry,
  logger,
}: HealthServerOptions): FastifyInstance => {
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 1_024,
    requestTimeout: 10_000,
    forceCloseConnections: true,
  }) as unknown as FastifyInstance;
  addHealthRoutes(app, { ready, registry });
  return app;
};
