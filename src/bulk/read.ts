import type { EntityManager } from 'typeorm';

import type { BulkKind } from './kinds.ts';

export type BulkState = 'running' | 'cancelling' | 'completed' | 'cancelled';

export interface BulkAction {
  /** Its operation in the audit log, too. */
  readonly id: string;
  readonly kind: BulkKind;
  readonly filter: Readonly<Record<string, unknown>>;
  readonly actor: string;
  readonly reason: string;
  /** Things a second. */
  readonly rate: number;
  readonly state: BulkState;
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly skipped: number;
  /** Not touched: not yet, or not any more. */
  readonly left: number;
  /** The job that does it, of which each does a part and creates the next one. */
  readonly jobId: string | null;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

const columns = `id, kind, filter, actor, reason, rate, state, total, done, failed, skipped,
  total - done - failed - skipped as left, job_id as "jobId", created_at as "createdAt", ended_at as "endedAt"`;

/** @returns the action; `undefined` if there is none of this id. */
export const findBulk = async (
  manager: EntityManager,
  id: string,
): Promise<BulkAction | undefined> => {
  const [action] = await manager.query<BulkAction[]>(
    `select ${columns} from bulk_action where id = $1`,
    [id],
  );
  return action;
};

/** Actions, the newest first. @param after the last id of the page before. */
export const listBulk = (
  manager: EntityManager,
  limit: number,
  after?: string,
): Promise<BulkAction[]> =>
  manager.query<BulkAction[]>(
    `select ${columns} from bulk_action where $1::uuid is null or id < $1 order by id desc limit $2`,
    [after ?? null, limit],
  );

/** Things that did not come through, for the same reason. */
export interface BulkTrouble {
  readonly outcome: 'failed' | 'skipped';
  readonly detail: string;
  readonly items: number;
  readonly example: string;
}

/** Why things did not come through, what happened most first. */
export const bulkTroubles = (
  manager: EntityManager,
  id: string,
  limit = 20,
): Promise<BulkTrouble[]> =>
  manager.query<BulkTrouble[]>(
    `select outcome, coalesce(detail, '') as detail, count(*)::int as items,
       (array_agg(item order by position))[1] as example
     from bulk_item where action_id = $1 and outcome in ('failed', 'skipped')
     group by 1, 2 order by 3 desc, 2 limit $2`,
    [id, limit],
  );
