import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { Connection, Source } from '../../entity/index.ts';
import { syncPipeline } from '../../jobs/handlers/connections/sync-pipeline.ts';
import {
  createWebhookEndpoint,
  enableWebhookEndpoint,
  rotateWebhookSecret,
} from '../../jobs/handlers/webhooks/endpoints.ts';
import {
  InvalidWebhookError,
  TooManyEndpointsError,
} from '../../jobs/handlers/webhooks/errors.ts';
import { ForbiddenAddressError } from '../../outgoing/errors.ts';
import { requireGateway, requireViewer } from '../caller.ts';
import { type ApiContext, mutate } from '../context.ts';
import { ApiError, notFound } from '../errors.ts';
import {
  idSchema,
  newConnectionSchema,
  parseInput,
  urlSchema,
} from '../input.ts';

/** @throws ApiError NOT_FOUND unless the endpoint is the viewer's: of others' nobody is told. */
const requireOwnEndpoint = async (
  manager: EntityManager,
  id: string,
  userId: string,
): Promise<void> => {
  const [row] = await manager.query<unknown[]>(
    'select from webhook_endpoint where id = $1 and user_id = $2 for update',
    [id, userId],
  );
  if (row === undefined) throw notFound('webhook endpoint', id);
};

const toClient = (error: unknown): never => {
  if (
    error instanceof InvalidWebhookError ||
    error instanceof TooManyEndpointsError ||
    error instanceof ForbiddenAddressError
  )
    throw new ApiError('INVALID_INPUT', error.message);
  throw error;
};

/** What reaches beyond this system: feeds that are read, endpoints that are told. */
export const outsideMutations = {
  connectFeed: async (
    _: unknown,
    { input }: { readonly input: unknown },
    context: ApiContext,
  ): Promise<Connection> => {
    const authorId = requireViewer(context.caller);
    const { sourceId, url } = parseInput(newConnectionSchema, input);
    return mutate(context, async (manager) => {
      if (!(await manager.getRepository(Source).existsBy({ id: sourceId })))
        throw notFound('source', sourceId);
      const connection = await manager.save(
        manager.create(Connection, { id: uuidv7(), sourceId, authorId, url }),
      );
      await syncPipeline(manager, connection.id);
      return connection;
    });
  },

  enableConnection: async (
    _: unknown,
    args: unknown,
    context: ApiContext,
  ): Promise<Connection> => {
    requireGateway(context.caller);
    const { id } = parseInput(idSchema, args);
    return mutate(context, async (manager) => {
      const connections = manager.getRepository(Connection);
      await connections.update(
        { id },
        { disabledAt: null, lastError: null, consecutiveFailures: 0 },
      );
      const connection = await connections.findOneBy({ id });
      if (!connection) throw notFound('connection', id);
      await syncPipeline(manager, id);
      return connection;
    });
  },

  createWebhookEndpoint: async (
    _: unknown,
    args: unknown,
    context: ApiContext,
  ): Promise<{ id: string; url: string; secret: string }> => {
    const userId = requireViewer(context.caller);
    const { url } = parseInput(urlSchema, args);
    return mutate(context, async (manager) => {
      const made = await createWebhookEndpoint(manager, { userId, url }).catch(
        toClient,
      );
      return { ...made, url };
    });
  },

  rotateWebhookSecret: async (
    _: unknown,
    args: unknown,
    context: ApiContext,
  ): Promise<string> => {
    const userId = requireViewer(context.caller);
    const { id } = parseInput(idSchema, args);
    return mutate(context, async (manager) => {
      await requireOwnEndpoint(manager, id, userId);
      return rotateWebhookSecret(manager, id);
    });
  },

  enableWebhookEndpoint: async (
    _: unknown,
    args: unknown,
    context: ApiContext,
  ): Promise<boolean> => {
    const userId = requireViewer(context.caller);
    const { id } = parseInput(idSchema, args);
    return mutate(context, async (manager) => {
      await requireOwnEndpoint(manager, id, userId);
      await enableWebhookEndpoint(manager, id);
      return true;
    });
  },
};
