import type { Readable } from 'node:stream';

import type { FastifyInstance } from 'fastify';
import type { DataSource } from 'typeorm';
import { z } from 'zod';

import { syncPipeline } from '../../jobs/handlers/connections/sync-pipeline.ts';
import type { Logger } from '../../logger.ts';
import { answerErrors } from '../rest-errors.ts';
import { NoticeTooLargeError, readNotice } from './signature.ts';
import {
  denySubscription,
  findSubscription,
  type HubSubscription,
  verifySubscription,
} from './subscription.ts';

/** Bytes of a notice: hubs send the whole feed along. */
const maximumNotice = 5 * 1024 * 1024;

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on requests of hubs before their body is read. */
    hubSubscription: HubSubscription | undefined;
  }
}

const parametersSchema = z.object({ connectionId: z.uuid() });

/** A parameter that comes twice says nothing. */
const parameter = z.string().max(2_000);

const verificationSchema = z.object({
  'hub.mode': z.literal('subscribe'),
  'hub.topic': parameter,
  'hub.challenge': parameter.min(1),
  'hub.lease_seconds': z.coerce.number().int().positive(),
});

const denialSchema = z.object({
  'hub.mode': z.literal('denied'),
  'hub.topic': parameter,
  'hub.reason': parameter.default('no reason given'),
});

const querySchema = z.discriminatedUnion('hub.mode', [
  verificationSchema,
  denialSchema,
]);

const answer = (message: string, code: string) => ({
  errors: [{ message, extensions: { code } }],
});

const notWanted = answer(
  'expected a subscription that was asked for, got another one',
  'NOT_FOUND',
);

const gone = answer(
  'expected a connection that has a hub, got another one',
  'NOT_FOUND',
);

/** Where hubs verify subscriptions: only those that were asked for are confirmed. */
const addVerification = (app: FastifyInstance, con: DataSource): void => {
  app.get('/:connectionId', async ({ query, hubSubscription }, reply) => {
    const parsed = querySchema.safeParse(query);
    const asked = parsed.success ? parsed.data : undefined;
    if (
      !asked ||
      !hubSubscription ||
      asked['hub.topic'] !== hubSubscription.topic
    )
      return reply.code(404).send(notWanted);
    if (asked['hub.mode'] === 'denied') {
      await denySubscription(
        con,
        hubSubscription,
        asked['hub.reason'].slice(0, 300),
      );
      return reply.code(204).send();
    }
    if (!hubSubscription.pending && !hubSubscription.live)
      return reply.code(404).send(notWanted);
    await verifySubscription(con, hubSubscription, asked['hub.lease_seconds']);
    // A browser that is led here must neither run nor render what comes back.
    return reply
      .type('application/octet-stream')
      .header('x-content-type-options', 'nosniff')
      .send(Buffer.from(asked['hub.challenge']));
  });
};

/** Where hubs say that a feed changed. Their word starts a sync; what they send is not looked at. */
const addNotices = (app: FastifyInstance, con: DataSource): void => {
  app.post<{ Body: Readable | undefined }>(
    '/:connectionId',
    async ({ body = [], headers, hubSubscription }, reply) => {
      if (!hubSubscription) return reply.code(410).send(gone);
      const { connectionId, secret } = hubSubscription;
      const signature = headers['x-hub-signature'];
      try {
        const notice = await readNotice(body, signature, secret, maximumNotice);
        // Whoever tries signatures learns nothing (WebSub, section 7.1.2).
        if (notice.isSigned)
          await syncPipeline(con.manager, connectionId, {
            notice: notice.digest,
          });
        return await reply.code(202).send();
      } catch (error) {
        if (!(error instanceof NoticeTooLargeError)) throw error;
        return reply
          .code(413)
          .header('connection', 'close')
          .send(answer(error.message, 'INVALID_INPUT'));
      }
    },
  );
};

/**
 * Adds the callback of WebSub subscriptions, `/api/push-notices/:connectionId`. It has no token: hubs prove
 * themselves by the secret that they were given, and can do no more than have a feed synced.
 *
 * A connection that is gone, or has no hub, is answered with 410, before a body is read.
 */
export const addPushNoticeRoutes = (
  app: FastifyInstance,
  {
    dataSource: con,
    logger,
  }: { readonly dataSource: DataSource; readonly logger: Logger },
): void => {
  app.register(
    async (notices) => {
      answerErrors(notices, logger);
      notices.decorateRequest('hubSubscription');
      notices.removeAllContentTypeParsers();
      // The signature is over the bytes as they come, which nobody has to hold.
      notices.addContentTypeParser('*', (_request, body, done) =>
        done(null, body),
      );
      notices.addHook('onRequest', async (request, reply) => {
        reply.header('cache-control', 'no-store');
        const parsed = parametersSchema.safeParse(request.params);
        request.hubSubscription = parsed.success
          ? await findSubscription(con, parsed.data.connectionId)
          : undefined;
        if (request.hubSubscription) return undefined;
        return reply.code(request.method === 'POST' ? 410 : 404).send(gone);
      });
      addVerification(notices, con);
      addNotices(notices, con);
    },
    { prefix: '/api/push-notices' },
  );
};
