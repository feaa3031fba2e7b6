import type { EntityManager } from 'typeorm';

import { shortened, storable } from '../dead-letters/text.ts';

/** A job's run, which has things in hand. */
export interface Holder {
  readonly id: string;
  readonly attempt: number;
}

export interface BulkItem {
  readonly position: number;
  readonly item: string;
  /** A run that is gone had begun with it: it may be done already. */
  readonly resumed: boolean;
}

export interface ItemEnd {
  readonly outcome: 'done' | 'failed' | 'skipped';
  /** Why not, without what people wrote. */
  readonly detail?: string;
}

const longestDetail = 500;

/**
 * Takes the next things in hand, each for one run alone: those that nobody has begun with, and those of runs that
 * are gone.
 */
export const takeItems = async (
  manager: EntityManager,
  action: string,
  { id, attempt }: Holder,
  limit: number,
): Promise<BulkItem[]> => {
  const [rows] = await manager.query<[BulkItem[], number]>(
    `with next as materialized (
       select position, outcome is not null as resumed from bulk_item
       where action_id = $1 and (outcome is null or outcome = 'begun' and not exists (
         select from job where job.id = bulk_item.job_id and job.attempt = bulk_item.attempt and job.state = 'running'
           and job.cancelled_at is null))
       order by position limit $4 for update skip locked
     )
     update bulk_item set outcome = 'begun', job_id = $2, attempt = $3
     from next where action_id = $1 and bulk_item.position = next.position
     returning bulk_item.position, bulk_item.item, next.resumed`,
    [action, id, attempt, limit],
  );
  return rows.toSorted((one, other) => one.position - other.position);
};

/** Writes down what became of a thing, and counts it; once, whoever else believes to have it. */
export const endItem = async (
  manager: EntityManager,
  action: string,
  { position }: BulkItem,
  { outcome, detail }: ItemEnd,
): Promise<void> => {
  await manager.query(
    `with ended as (
       update bulk_item set outcome = $3, detail = $4
       where action_id = $1 and position = $2 and outcome = 'begun' returning 1
     )
     update bulk_action set ${outcome} = ${outcome} + 1 where id = $1 and exists (select from ended)`,
    [
      action,
      position,
      outcome,
      detail === undefined ? null : storable(shortened(detail, longestDetail)),
    ],
  );
};

/** Gives back what a run has in hand and has not begun with; not what another one has taken from it by now. */
export const giveBack = async (
  manager: EntityManager,
  action: string,
  { id, attempt }: Holder,
  items: readonly BulkItem[],
): Promise<void> => {
  await manager.query(
    `update bulk_item set outcome = null, job_id = null, attempt = null
     where action_id = $1 and position = any($2::int[]) and outcome = 'begun' and job_id = $3 and attempt = $4`,
    [
      action,
      items.filter(({ resumed }) => !resumed).map(({ position }) => position),
      id,
      attempt,
    ],
  );
};

/** Whether something is left: not begun with, or in somebody's hand. */
export const hasLeft = async (
  manager: EntityManager,
  action: string,
): Promise<boolean> => {
  const [row] = await manager.query<[{ left: boolean }]>(
    `select exists (
       select from bulk_item where action_id = $1 and (outcome is null or outcome = 'begun')) as left`,
    [action],
  );
  return row.left;
};
