import type { FastifyInstance } from 'fastify';
import { Histogram, type Registry } from 'prom-client';

/** Measures every request by route, method and status, and logs it in one line without its body. */
export const addRequestMetrics = (
  app: FastifyInstance,
  registry: Registry,
): void => {
  const duration = new Histogram({
    name: 'nightshift_api_request_duration_seconds',
    help: 'How long requests took, from the first byte to the last.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    const route = routeOptions.url ?? 'unknown';
    const { statusCode: status, elapsedTime: milliseconds } = reply;
    duration.observe({ method, route, status }, milliseconds / 1_000);
    const line = {
      method,
      route,
      status,
      milliseconds: Math.round(milliseconds),
    };
    if (route === '/graphql') request.log.info(line, 'request');
    else request.log.debug(line, 'request');
  });
};
