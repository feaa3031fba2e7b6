import type { EntityManager } from 'typeorm';

import type { Counter } from './counters.ts';

/** A row whose counter does not agree with its source. Numbers as text, as Postgres sends bigints. */
export interface Difference {
  readonly id: string;
  readonly stored: string;
  readonly counted: string;
}

/** Rows from `after` (exclusive) to `end` (inclusive), in the order of ids. */
export interface Chunk {
  readonly after: string;
  readonly end: string;
  readonly rows: number;
}

/** The next rows, at most `limit`; undefined at the end of the table. */
export const nextChunk = async (
  manager: EntityManager,
  { table }: Counter,
  after: string,
  limit: number,
): Promise<Chunk | undefined> => {
  const [found] = await manager.query<{ rows: number; end: string | null }[]>(
    `select count(*)::int as rows, (array_agg(id order by id desc))[1] as end
       from (select id from ${table} where id > $1 order by id limit $2) chunk`,
    [after, limit],
  );
  if (!found?.end) return undefined;
  return { after, end: found.end, rows: found.rows };
};

/**
 * The rows of a chunk whose counter does not agree with its source. One statement, one snapshot: a vote that
 * commits meanwhile is in both or in neither.
 */
export const differencesIn = (
  manager: EntityManager,
  { table, column, source }: Counter,
  { after, end }: Pick<Chunk, 'after' | 'end'>,
): Promise<Difference[]> =>
  manager.query(
    `select id, stored::bigint::text as stored, counted::bigint::text as counted
       from (select counted.id, counted.${column} as stored, ${source} as counted
               from ${table} counted where counted.id > $1 and counted.id <= $2) compared
      where stored <> counted order by id`,
    [after, end],
  );

/**
 * Sets rows right, the same way as whoever writes the counter: first the rows are locked, in the order of
 * ids; then, in a statement of its own, which sees all that was committed while the first one waited, they
 * are counted again. A vote that comes now waits for this transaction and counts after it.
 *
 * @returns what was changed; a row that agrees by now, or is gone, is not.
 */
export const repair = async (
  manager: EntityManager,
  { table, column, source }: Counter,
  ids: readonly string[],
): Promise<Difference[]> => {
  await manager.query(
    `select id from ${table} where id = any($1) order by id for no key update`,
    [ids],
  );
  const [rows] = await manager.query<[Difference[], number]>(
    `update ${table} as target set ${column} = compared.counted
       from (select counted.id, counted.${column} as stored, ${source} as counted
               from ${table} counted where counted.id = any($1)) compared
      where target.id = compared.id and compared.stored <> compared.counted
      returning target.id, compared.stored::bigint::text as stored,
                compared.counted::bigint::text as counted`,
    [ids],
  );
  return rows;
};
