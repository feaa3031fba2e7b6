import type { DataSource } from 'typeorm';

import type { CacheKey } from './schema.ts';

/** Seconds that computing may take: less than the queue gives its jobs, so that the statement ends first. */
const patience = 100;

export interface Warming {
  readonly key: CacheKey;
  /** Seconds until it is stale. */
  readonly lifetime: number;
  /** A query of one row with one column, `value`; as jsonb. */
  readonly sql: string;
  /** From `$3` on. */
  readonly parameters?: readonly unknown[];
}

/** What was written. */
export interface Warmed {
  readonly key: CacheKey;
  readonly bytes: number;
}

/**
 * Computes a cache entry and writes it, in one statement: readers see the old one until the new one is there.
 * Of two at once the later computation stays.
 */
export const warm = (
  con: DataSource,
  { key, lifetime, sql, parameters = [] }: Warming,
): Promise<Warmed> =>
  con.transaction(async (manager) => {
    await manager.query(`select set_config('statement_timeout', $1, true)`, [
      String(patience * 1_000),
    ]);
    const [entry] = await manager.query<{ bytes: number }[]>(
      `insert into cache_entry as entry (key, value, computed_at, expires_at)
       select $1, computed.value, now(), now() + make_interval(secs => $2) from (${sql}) computed
       on conflict (key) do update
         set value = excluded.value, computed_at = excluded.computed_at, expires_at = excluded.expires_at
         where entry.computed_at <= excluded.computed_at
       returning pg_column_size(value) as bytes`,
      [key, lifetime, ...parameters],
    );
    return { key, bytes: entry?.bytes ?? 0 };
  });
