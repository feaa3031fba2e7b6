import type { DataSource, EntityManager } from 'typeorm';

import { conditionOf, type DeadLetterFilter } from './filter.ts';

/** What the table `dead_letter_tally` tells entries apart by. */
const tallied: ReadonlySet<string> = new Set([
  'source',
  'subscription',
  'fingerprint',
  'state',
]);

/** Whether the tally can count what a filter means, however much that is. */
export const isTallied = (filter: DeadLetterFilter): boolean =>
  Object.entries(filter).every(
    ([name, value]) => value === undefined || tallied.has(name),
  );

/** Counts without looking at the entries. @param filter one that `isTallied`. */
export const countTallied = async (
  manager: EntityManager,
  filter: DeadLetterFilter,
): Promise<number> => {
  const { sql, parameters } = conditionOf(filter);
  const [row] = await manager.query<{ entries: number }[]>(
    `select coalesce(sum(entries), 0)::int as entries from dead_letter_tally where ${sql}`,
    [...parameters],
  );
  return row?.entries ?? 0;
};

/** Rows below which folding is not worth it, and rows folded at once. */
const fold = { least: 1_000, most: 50_000 };

/**
 * Makes few rows of the tally's many; the counts stay as they are. Statements on the desk only ever add rows.
 *
 * @returns rows folded; 0 while there are few.
 */
export const foldTally = async (
  manager: EntityManager,
  { least, most }: { readonly least: number; readonly most: number } = fold,
): Promise<number> => {
  const [row] = await manager.query<{ folded: number }[]>(
    'select fold_dead_letter_tally($1, $2) as folded',
    [least, most],
  );
  return row?.folded ?? 0;
};

/** Entries of one group that the tally counts wrongly. */
export interface Miscount {
  readonly subscription: string;
  readonly fingerprint: string;
  readonly state: string;
  /** By the tally, and at the desk. */
  readonly tallied: number;
  readonly entries: number;
}

/** What the tally and the desk do not agree on; `$1` is the limit. Reads an index over every entry. */
export const miscountsSql = `
  select subscription, fingerprint, state, coalesce(tally.entries, 0)::int as tallied,
    coalesce(desk.entries, 0)::int as entries
  from (
    select subscription, fingerprint, state, sum(entries) as entries from dead_letter_tally group by 1, 2, 3
  ) as tally
  full join (
    select subscription, fingerprint, state, count(*) as entries from dead_letter group by 1, 2, 3
  ) as desk using (subscription, fingerprint, state)
  where coalesce(tally.entries, 0) <> coalesce(desk.entries, 0)
  order by 1, 2, 3 limit $1`;

/** Counts anew from the entries themselves; whoever writes to the desk waits meanwhile. */
export const recountTally = (con: DataSource): Promise<void> =>
  con.transaction(async (manager) => {
    // The tally, too: what is folded meanwhile would stand beside what is counted. In the order of those who write.
    await manager.query(
      'lock table dead_letter, dead_letter_tally in share row exclusive mode',
    );
    await manager.query('delete from dead_letter_tally');
    await manager.query(
      `insert into dead_letter_tally
         select source, subscription, fingerprint, state, count(*), sum(attempts) from dead_letter group by 1, 2, 3, 4`,
    );
  });
