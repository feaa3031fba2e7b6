import type { FastifyRequest } from 'fastify';
import type { DataSource, EntityManager } from 'typeorm';

import type { Logger } from '../logger.ts';
import type { Caller } from './caller.ts';
import { fromDatabaseError } from './database-errors.ts';
import type { NotificationListener } from './real-time/notification-listener.ts';

/** What every resolver gets. */
export interface ApiContext {
  readonly caller: Caller;
  readonly con: DataSource;
  readonly logger: Logger;
  readonly notifications: NotificationListener;
}

declare module 'mercurius' {
  interface MercuriusContext extends ApiContext {
    /** On a WebSocket only: the request that opened it. */
    readonly request?: FastifyRequest;
  }
}

/** Milliseconds that a mutation waits for a lock, and that one of its statements may run. */
const lockTimeout = 5_000;
const statementTimeout = 10_000;

/**
 * Runs a mutation in one transaction, its events included. Its locks are taken in the order
 * content (post, then comment), vote, user.
 *
 * @throws ApiError in the client's terms where Postgres refused.
 */
export const mutate = async <Result>(
  { con }: Pick<ApiContext, 'con'>,
  change: (manager: EntityManager) => Promise<Result>,
): Promise<Result> => {
  try {
    return await con.transaction(async (manager) => {
      await manager.query(
        `select set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)`,
        [String(lockTimeout), String(statementTimeout)],
      );
      return change(manager);
    });
  } catch (error) {
    throw fromDatabaseError(error);
  }
};
