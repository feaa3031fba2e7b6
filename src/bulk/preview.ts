import type { DataSource } from 'typeorm';

import { withinTime } from '../dead-letters/search.ts';
import { mostItems } from './kinds.ts';
import { type BulkTarget, selectionOf } from './selection.ts';

/** What an action would touch. */
export interface BulkPreview {
  readonly matching: number;
  /** By queue and job, by flow, or by subscription and fingerprint: the largest. */
  readonly groups: readonly {
    readonly label: string;
    readonly items: number;
  }[];
  /** Ids of the first. */
  readonly sample: readonly string[];
  /** How many one action touches at most. */
  readonly most: number;
}

const shownGroups = 20;
const sampled = 5;

/** Counts what an action would touch; touches nothing. @throws DeskTimeoutError */
export const previewBulk = (
  con: DataSource,
  target: BulkTarget,
): Promise<BulkPreview> => {
  const { from, order, label, counted, parameters } = selectionOf(target);
  return withinTime(con, async (manager) => {
    const [row] = await manager.query<[Omit<BulkPreview, 'most'>]>(
      `with grouped as materialized (
         select ${label} as label, ${counted.items}::int as items from ${counted.from}
          group by 1 having ${counted.items} > 0
       )
       select (select coalesce(sum(items), 0)::int from grouped) as matching,
         (select coalesce(jsonb_agg(jsonb_build_object('label', label, 'items', items) order by items desc, label), '[]')
          from (select * from grouped order by items desc, label limit ${shownGroups}) as largest) as groups,
         array(select id::text from ${from} order by ${order} limit ${sampled}) as sample`,
      [...parameters],
    );
    return { ...row, most: mostItems };
  });
};
