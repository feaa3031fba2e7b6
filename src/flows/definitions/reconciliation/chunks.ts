import type { EntityManager } from 'typeorm';
import { MAX, NIL } from 'uuid';

import type { Counter } from '../../../jobs/handlers/reconciliation/counters.ts';
import type { Chunk } from '../../../jobs/handlers/reconciliation/chunk.ts';

/** Rows of a chunk at least, and chunks at most: a larger table has larger ones. */
const fewestRows = 500;
const mostChunks = 1_000;

/** A part of a table: ids from `after` (exclusive) to `end` (inclusive). */
export type Part = Pick<Chunk, 'after' | 'end'>;

/**
 * A table in parts of about the same size, in the order of ids. The last one has no end, so that rows which come
 * meanwhile are compared, too.
 */
export const partsOf = async (
  manager: EntityManager,
  { table }: Counter,
  rowsAtLeast: number = fewestRows,
): Promise<Part[]> => {
  const bounds = await manager.query<{ id: string }[]>(
    `select id from (
       select id, row_number() over (order by id) as place, count(*) over () as rows from ${table}
     ) as numbered
     where place % greatest($1::bigint, ceil(rows::numeric / $2)::bigint) = 0 and place < rows order by id`,
    [rowsAtLeast, mostChunks],
  );
  const ends = [...bounds.map(({ id }) => id), MAX];
  return ends.map((end, index) => ({ after: ends[index - 1] ?? NIL, end }));
};

/** Rows of a part. */
export const rowsIn = async (
  manager: EntityManager,
  { table }: Counter,
  { after, end }: Part,
): Promise<number> => {
  const [row] = await manager.query<{ rows: number }[]>(
    `select count(*)::int as rows from ${table} where id > $1 and id <= $2`,
    [after, end],
  );
  return row?.rows ?? 0;
};
