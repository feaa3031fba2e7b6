import type { DataSource } from 'typeorm';

import { migrations } from '../../migration/index.ts';

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
    const applied = await within(
      con.query<{ name: string }[]>('select name from migration'),
    );
    const names = new Set(applied.map(({ name }) => name));
    const missing = migrations.filter(({ name }) => !names.has(name));
    return {
      database: 'ok',
      migrations:
        missing.length === 0
          ? 'ok'
          : `${missing.length} not applied (${missing.map(({ name }) => name).join(', ')}); run: nightshift migrate`,
    };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === '42P01')
      return {
        database: 'ok',
        migrations: 'none applied; run: nightshift migrate',
      };
    return { database: `away: ${message || code}`, migrations: 'unknown' };
  }
};
