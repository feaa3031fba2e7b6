import type { DataSource, EntityManager } from 'typeorm';

import type { CacheKey, CacheSchema } from './schema.ts';

export interface Cached<Value> {
  readonly value: Value;
  readonly computedAt: Date;
  readonly expiresAt: Date;
  /** It should have been computed again by now; by the clock of the database. */
  readonly stale: boolean;
}

/** Reads what was computed ahead; `undefined` if that has never been done. What is stale is given, and said to be. */
export const cached = async <Key extends CacheKey>(
  con: DataSource | EntityManager,
  key: Key,
): Promise<Cached<CacheSchema[Key]> | undefined> => {
  const [entry] = await con.query<Cached<CacheSchema[Key]>[]>(
    `select value, computed_at as "computedAt", expires_at as "expiresAt", expires_at <= now() as stale
       from cache_entry where key = $1`,
    [key],
  );
  return entry;
};
