import { join } from 'node:path';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { ApiError } from '../errors.ts';
import { answerErrors } from '../rest-errors.ts';
import type { Logger } from '../../logger.ts';
import { type PageFile, PageNotBuiltError, readPage } from './files.ts';

/** Where `build:dashboard` puts the page. */
const builtPage = join(import.meta.dirname, '../../../dashboard/dist');

/**
 * The page runs its own files and nothing else, talks to this origin alone, and stands in nobody's frame.
 * It keeps its token itself and sends it as a header; no cookie exists that another site could ride on.
 */
const securityHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

const sendFile = (
  request: FastifyRequest,
  reply: FastifyReply,
  file: PageFile,
): FastifyReply => {
  reply
    .header('etag', file.etag)
    .header('vary', 'accept-encoding')
    .header(
      'cache-control',
      file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    );
  if (request.headers['if-none-match'] === file.etag)
    return reply.code(304).send();
  reply.type(file.type);
  const accepted = String(request.headers['accept-encoding'] ?? '');
  return /\bgzip\b/.test(accepted)
    ? reply.header('content-encoding', 'gzip').send(file.gzipped)
    : reply.send(file.body);
};

/**
 * Serves the operators' page at `/admin`: files by their name, and the page itself at every other
 * address below, which are its own. Read when it is first asked for. What it shows comes from `/graphql`,
 * behind the operators' tokens; the files hold nothing that needs one.
 */
export const addAdminRoutes = (
  app: FastifyInstance,
  logger: Logger,
  directory: string = builtPage,
): void => {
  let page: ReturnType<typeof readPage> | undefined;
  const files = () =>
    (page ??= readPage(directory).catch((error: unknown) => {
      // Built a moment later, it is found.
      page = undefined;
      throw error instanceof PageNotBuiltError
        ? new ApiError('CLOSED', error.message)
        : error;
    }));
  app.register(async (admin) => {
    answerErrors(admin, logger);
    admin.addHook('onRequest', async (_, reply) => {
      reply.headers(securityHeaders);
    });
    admin.get('/admin', async (_, reply) => reply.redirect('/admin/', 308));
    admin.get<{ Params: { '*': string } }>(
      '/admin/*',
      async (request, reply) => {
        const name = request.params['*'];
        const known = await files();
        const isFile = /\.[a-z]+$/.test(name);
        const file = known.get(isFile ? name : 'index.html');
        if (!file)
          throw new ApiError(
            'NOT_FOUND',
            `expected a file of the operators' page, got: ${name}; load the page again, it may be a newer one`,
          );
        return sendFile(request, reply, file);
      },
    );
  });
};
