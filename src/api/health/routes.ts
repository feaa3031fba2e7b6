import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';

/** Whether a process can do its work; `checks` says what was looked at, each in a few words. */
export interface Readiness {
  readonly ok: boolean;
  readonly checks: Readonly<Record<string, string>>;
}

export interface HealthOptions {
  readonly ready: () => Promise<Readiness>;
  readonly registry: Registry;
}

/**
 * Adds `/health/live` (200 while the process answers at all), `/health/ready` (200 or 503, with
 * every check) and `/metrics` (Prometheus's text format).
 */
export const addHealthRoutes = (
  app: FastifyInstance,
  { ready, registry }: HealthOptions,
): void => {
  app.get('/health/live', async () => ({ ok: true }));
  app.get('/health/ready', async (_request, reply) => {
    const readiness = await ready().catch((error: unknown): Readiness => ({
      ok: false,
      checks: {
        readiness: error instanceof Error ? error.message : String(error),
      },
    }));
    return reply.code(readiness.ok ? 200 : 503).send(readiness);
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
};
