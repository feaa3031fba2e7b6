import type { FastifyInstance } from 'fastify';
import type { DataSource } from 'typeorm';
import { z } from 'zod';

import { Export } from '../../entity/index.ts';
import { requestExport } from '../../jobs/handlers/exports/request.ts';
import type { Logger } from '../../logger.ts';
import type { ExportStorage } from '../../storage/export-storage.ts';
import { authenticate, requireViewer } from '../caller.ts';
import { notFound } from '../errors.ts';
import { idSchema, parseInput } from '../input.ts';
import { answerErrors } from '../rest-errors.ts';
import { addFileRoute } from './files.ts';
import { linkTo, shown } from './shown.ts';
import { addUserDataRoutes } from './user-data.ts';

const requestBody = z.strictObject({
  kind: z.enum(['my-posts', 'my-comments']),
  format: z.enum(['csv', 'pdf']),
});

export interface ExportRoutesOptions {
  readonly dataSource: DataSource;
  readonly logger: Logger;
  /** The gateway's bearer token; `undefined` closes asking for exports. */
  readonly apiSecret: string | undefined;
  /** @default asking for exports and fetching them is closed */
  readonly exports: ExportStorage | undefined;
}

const addAsking = (
  app: FastifyInstance,
  { dataSource, apiSecret, exports }: ExportRoutesOptions,
): void => {
  app.post('/', async ({ headers, body }, reply) => {
    const userId = requireViewer(authenticate(headers, { apiSecret }));
    const asked = parseInput(requestBody, body);
    const made = await dataSource.transaction((manager) =>
      requestExport(manager, { userId, ...asked }),
    );
    return reply.code(202).send(shown(made));
  });
  app.get('/:id', async ({ headers, params }) => {
    const userId = requireViewer(authenticate(headers, { apiSecret }));
    const { id } = parseInput(idSchema, params);
    // Somebody else's export is as good as none.
    const found = await dataSource
      .getRepository(Export)
      .findOneBy({ id, userId });
    if (!found) throw notFound('export', id);
    if (found.state !== 'ready' || !exports)
      return { ...shown(found), link: null };
    return { ...shown(found), link: await linkTo(found, exports) };
  });
};

/**
 * Adds `POST /api/exports` (asks for one), `GET /api/exports/:id` (how far it is, and its link), both for the
 * gateway on behalf of a person, the same of `/api/exports/everything`, and `GET /api/exports/files/…`, for
 * whoever has a link.
 */
export const addExportRoutes = (
  app: FastifyInstance,
  options: ExportRoutesOptions,
): void => {
  const { exports, logger } = options;
  app.register(
    async (routes) => {
      answerErrors(routes, logger);
      routes.addHook('onRequest', async (_request, reply) => {
        // What is in an export has no place in the caches of others.
        reply.header('cache-control', 'private, no-store');
      });
      addAsking(routes, options);
      addUserDataRoutes(routes, options);
      addFileRoute(routes, exports);
    },
    { prefix: '/api/exports' },
  );
};
