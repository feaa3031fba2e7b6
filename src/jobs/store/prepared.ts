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

/**
 * Runs a statement that each connection plans once: planning one of the store's takes longer than
 * running it. Its text must be one of few. Behind PgBouncer in transaction mode this wants
 * `max_prepared_statements` (PgBouncer 1.21).
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
    const { rows } = await client
      .query({ name: nameOf(text), text, values: [...values] })
      .catch((error: unknown) => {
        throw new QueryFailedError(
          text,
          [],
          error instanceof Error ? error : new Error(String(error)),
        );
      });
    return rows as Row[];
  } finally {
    if (runner !== manager.queryRunner) await runner.release();
  }
};
