import type { DataSource, EntityManager } from 'typeorm';

import {
  newOperation,
  type Operator,
  recordAction,
} from '../dead-letters/audit.ts';
import { withinTime } from '../dead-letters/search.ts';
import { storable } from '../dead-letters/text.ts';
import { createJob } from '../jobs/create-job.ts';
import {
  bulkJob,
  BulkSizeError,
  mostItems,
  rates,
  UnknownBulkActionError,
} from './kinds.ts';
import { type BulkTarget, selectionOf } from './selection.ts';

export interface BulkRequest extends Operator {
  readonly target: BulkTarget;
  readonly reason: string;
  /** Things a second, 1 to 500. @default 20 */
  readonly rate?: number | undefined;
}

/** Writes down what is touched. @returns how many */
const choose = async (
  manager: EntityManager,
  id: string,
  target: BulkTarget,
): Promise<number> => {
  const { from, order, parameters } = selectionOf(target);
  const [row] = await manager.query<[{ total: number }]>(
    `with chosen as (
       insert into bulk_item (action_id, position, item)
       select $${parameters.length + 1}::uuid, row_number() over (order by ${order}), id from ${from}
       order by ${order} limit ${mostItems + 1}
       returning 1
     ) select count(*)::int as total from chosen`,
    [...parameters, id],
  );
  return row.total;
};

/**
 * Begins an action on everything that a filter means now: what is touched, the job that does it and the line in the
 * audit log are one commit.
 *
 * @returns its id, which is its operation in the audit log, too.
 * @throws BulkSizeError if the filter means nothing or too much; DeskTimeoutError
 */
export const startBulk = (
  con: DataSource,
  { target, actor, reason, rate = rates.usual }: BulkRequest,
): Promise<string> =>
  withinTime(con, async (manager) => {
    const id = newOperation();
    const { audited } = selectionOf(target);
    await manager.query(
      `insert into bulk_action (id, kind, filter, actor, reason, rate, total) values ($1, $2, $3, $4, $5, $6, 0)`,
      [
        id,
        target.kind,
        JSON.stringify(audited),
        storable(actor).slice(0, 200),
        storable(reason).slice(0, 2_000),
        rate,
      ],
    );
    const total = await choose(manager, id, target);
    if (total === 0 || total > mostItems) throw new BulkSizeError(total);
    const job = await createJob(
      bulkJob,
      { payload: { actionId: id } },
      { manager },
    );
    await manager.query(
      'update bulk_action set total = $2, job_id = $3 where id = $1',
      [id, total, job],
    );
    await recordAction(manager, {
      operation: id,
      action: `bulk.${target.kind}.started`,
      actor,
      reason,
      filter: { ...audited, rate },
      counts: { chosen: total },
    });
    return id;
  });

/**
 * Ends an action before its last thing: what is in hand is finished, the rest is left alone. Audited. One whose job is
 * gone, because it failed for good, gets another one that ends it.
 *
 * @throws UnknownBulkActionError if it does not run
 */
export const cancelBulk = (
  con: DataSource,
  id: string,
  operator: Operator,
): Promise<void> =>
  con.transaction(async (manager) => {
    const [rows] = await manager.query<[{ kind: string }[], number]>(
      `update bulk_action set state = 'cancelling' where id = $1 and state = 'running' returning kind`,
      [id],
    );
    const [action] = rows;
    if (!action) throw new UnknownBulkActionError(id);
    const alive = await manager.query<unknown[]>(
      `select from job where queue = 'operator' and name = $1 and payload ->> 'actionId' = $2
         and state in ('scheduled', 'pending', 'running') and cancelled_at is null limit 1`,
      [bulkJob, id],
    );
    if (alive.length === 0)
      await createJob(bulkJob, { payload: { actionId: id } }, { manager });
    await recordAction(manager, {
      ...operator,
      operation: id,
      action: `bulk.${action.kind}.cancel`,
      filter: { action: id },
      counts: {},
    });
  });
