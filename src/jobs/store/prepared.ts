import { createHash } from 'node:crypto';

import type { ClientBase } from 'pg';
import {
  type EntityManager,
  QueryFailedError,
  QueryRunnerAlreadyReleasedError,
} from 'typeorm';

const names = new Map<string, string>();

/** A statement's name on every connection; the same text has the same one. */
const nameOf = (text: string): string => {
  let name = names.get(text);
  if (name === undefined) {
    name = `nightshift_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
    names.set(text, name);
  }
  return name;
};

/** Losses after which a connection prepares nothing any more. */
const mostLosses = 3;

/** How often the session behind a connection turned out to be another one than the connection takes it for. */
const lossesOf = new WeakMap<ClientBase, number>();

/**
 * What Postgres says if a statement is not prepared any more (26000: `DISCARD ALL`, or a pooler that gives out another
 * session), was prepared by somebody else of the same session (42P05: such a pooler again), or was when its table had
 * other columns (0A000).
 */
const isLost = (error: unknown): boolean => {
  const { code, routine } = (error ?? {}) as {
    readonly code?: unknown;
    readonly routine?: unknown;
  };
  return (
    code === '26000' ||
    code === '42P05' ||
    (code === '0A000' && routine === 'RevalidateCachedQuery')
  );
};

const run = async <Row>(
  client: ClientBase,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> => {
  const losses = lossesOf.get(client) ?? 0;
  try {
    const { rows } = await client.query({
      // After a loss everything is prepared anew, by another name: the driver goes by names.
      ...(losses < mostLosses && {
        name: losses === 0 ? nameOf(text) : `${nameOf(text)}_${losses}`,
      }),
      text,
      values: [...values],
    });
    return rows as Row[];
  } catch (error) {
    if (isLost(error) && losses < mostLosses) lossesOf.set(client, losses + 1);
    throw new QueryFailedError(
      text,
      [],
      error instanceof Error ? error : new Error(String(error)),
    );
  }
};

/**
 * Runs a statement that each connection plans once: planning one of the store's takes longer than
 * running it. Its text must be one of few.
 *
 * A connection that has lost what it prepared prepares it again; within a transaction that costs this one, which can
 * only be rolled back. Behind a pooler that keeps no prepared statements (PgBouncer in transaction mode wants
 * `max_prepared_statements`, of 1.21) a connection gives up after three losses, and plans each time.
 *
 * @throws QueryFailedError, without the parameters, which hold payloads;
 * QueryRunnerAlreadyReleasedError if the manager's transaction is over.
 */
export const prepared = async <Row>(
  manager: EntityManager,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> => {
  const runner = manager.queryRunner ?? manager.dataSource.createQueryRunner();
  // It would still give out its connection, which is in somebody else's transaction by now.
  if (runner.isReleased) throw new QueryRunnerAlreadyReleasedError();
  try {
    const client = (await runner.connect()) as ClientBase;
    for (let losses = 0; ; losses += 1)
      try {
        return await run<Row>(client, text, values);
      } catch (error) {
        if (
          !isLost(error) ||
          runner.isTransactionActive ||
          losses === mostLosses
        )
          throw error;
      }
  } finally {
    if (runner !== manager.queryRunner) await runner.release();
  }
};
