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
  const { sql, parameters } = selectionOf(target);
  return withinTime(con, async (manager) => {
    const [row] = await manager.query<[Omit<BulkPreview, 'most'>]>(
      `with chosen as materialized (${sql}), grouped as (
         select label, count(*)::int as items from chosen group by label
       )
       select (select coalesce(sum(items), 0)::int from grouped) as matching,
         (select coalesce(jsonb_agg(jsonb_build_object('label', label, 'items', items) order by items desc, label), '[]')
          from (select * from grouped order by items desc, label limit ${shownGroups}) as largest) as groups,
         (select coalesce(jsonb_agg(item order by place), '[]')
          from (select * from chosen order by place limit ${sampled}) as first) as sample`,
      [...parameters],
    );
    return { ...row, most: mostItems };
  });
};
