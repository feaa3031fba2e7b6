import type { DataSource } from 'typeorm';

import { migrationStatus } from '../../schema/check.ts';
import { queryOf } from '../../schema/query.ts';

/** Milliseconds that a check may take: a probe waits no longer than that. */
const patience = 3_000;

const within = async <Result>(work: Promise<Result>): Promise<Result> => {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`no answer within ${patience} ms`)),
    patience,
  );
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => undefined);
  }
};

/**
 * Looks whether the database answers and has every migration of this code. One that has more is
 * fine: the next release migrates first.
 */
export const checkDatabase = async (
  con: DataSource,
): Promise<Record<'database' | 'migrations', string>> => {
  try {
    const { pending } = await within(migrationStatus(queryOf(con)));
    return {
      database: 'ok',
      migrations:
        pending.length === 0
          ? 'ok'
          : `${pending.length} not applied (${pending.join(', ')}); run: nightshift migrate`,
    };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { database: `away: ${message || code}`, migrations: 'unknown' };
  }
};
