import { setTimeout as delay } from 'node:timers/promises';

import type { DataSource } from 'typeorm';

import { recordAction } from '../dead-letters/audit.ts';
import {
  type Acting,
  acts,
  detailOf,
  type FailedKey,
  InterruptedActionError,
  type OpenBulkRedriver,
  TakenItemError,
} from './acts.ts';
import {
  type BulkItem,
  endItem,
  giveBack,
  hasLeft,
  type Holder,
  type ItemEnd,
  takeItems,
} from './items.ts';
import type { BulkKind } from './kinds.ts';
import { type BulkAction, findBulk } from './read.ts';

/** Things in one run's hand at most. */
const mostInHand = 100;

export interface BulkRun {
  readonly con: DataSource;
  /** The job that does it. */
  readonly holder: Holder;
  readonly openRedriver: OpenBulkRedriver;
  readonly signal: AbortSignal;
  /** Seconds after which the rest is left to the next job. @default 20 */
  readonly seconds?: number;
  /** Seconds after which what runs is cut off: before the job's own time is up, which would count. @default 40 */
  readonly cutSeconds?: number;
  /** Told after each thing. */
  readonly onProgress?: (fraction: number, at: string) => void;
}

/** Ends an action, once, with its line in the audit log. */
const end = (con: DataSource, { id }: BulkAction): Promise<void> =>
  con.transaction(async (manager) => {
    const [rows] = await manager.query<[{ id: string }[], number]>(
      `update bulk_action set ended_at = now(),
         state = case when state = 'running' then 'completed' else 'cancelled' end
       where id = $1 and state in ('running', 'cancelling') returning id`,
      [id],
    );
    const ended = rows[0] && (await findBulk(manager, id));
    if (!ended) return;
    const { kind, state, actor, reason, filter } = ended;
    const { total, done, failed, skipped, left } = ended;
    await recordAction(manager, {
      operation: id,
      action: `bulk.${kind}.${state === 'completed' ? 'finished' : 'cancelled'}`,
      actor,
      reason,
      filter,
      counts: { chosen: total, done, failed, skipped, left },
    });
  });

/** Keys that a message of this action has failed of, or that stood behind one. */
const failedKeys = (con: DataSource, id: string): Promise<FailedKey[]> =>
  con.query<FailedKey[]>(
    `select distinct subscription, ordering_key as "orderingKey" from bulk_item
     join dead_letter on dead_letter.id = bulk_item.item
     where action_id = $1 and (outcome = 'failed' or detail = 'behind') and ordering_key <> ''`,
    [id],
  );

const isRedrive = ({ kind }: BulkAction): boolean =>
  kind === 'dead-letters.redrive' || kind === 'jobs.retry';

/** The time of one run, in milliseconds of `performance.now()`, and the signals of its end. */
interface Time {
  /** Begins nothing new from then on. */
  readonly until: number;
  /** The job has to end. */
  readonly signal: AbortSignal;
  /** What runs has taken too long. */
  readonly cut: AbortSignal;
}

/** What keeps a thing from being touched for the second time is a failure of that thing, and holds up no other. */
const act = async (
  kind: BulkKind,
  item: BulkItem,
  acting: Acting,
  { signal, cut }: Time,
): Promise<ItemEnd> => {
  try {
    return await acts[kind](item, acting);
  } catch (error) {
    if (!item.resumed || signal.aborted || error instanceof TakenItemError)
      throw error;
    return {
      outcome: 'failed',
      detail: cut.aborted
        ? 'takes longer than a bulk action waits; run it by itself'
        : detailOf(String(error)),
    };
  }
};

/** Touches the next things, as many as a second has and the time allows, but one at least. @returns how many */
const step = async (
  action: BulkAction,
  acting: Acting,
  time: Time,
  { con, holder, onProgress }: BulkRun,
): Promise<number> => {
  const { id, kind, rate, total } = action;
  const items = await takeItems(
    con.manager,
    id,
    holder,
    Math.min(rate, mostInHand),
  );
  const before = total - action.left;
  for (const [index, item] of items.entries()) {
    if (index > 0 && performance.now() >= time.until) {
      await giveBack(con.manager, id, holder, items.slice(index));
      return index;
    }
    try {
      time.signal.throwIfAborted();
      await endItem(con.manager, id, item, await act(kind, item, acting, time));
    } catch (error) {
      await giveBack(con.manager, id, holder, items.slice(index + 1));
      throw error;
    }
    const touched = before + index + 1;
    onProgress?.(touched / total, `${touched} of ${total}`);
  }
  return items.length;
};

/**
 * Goes on with an action for some seconds, at its rate. Any number of runs may: each thing is in one hand alone, and
 * what a killed run had in hand is taken up by the next one, which sees what was done already.
 *
 * What could not be touched now, or was cut off because it took too long, is taken up once more by the next job,
 * which has all its time for it.
 *
 * @returns `more` is left for the next job; `held`: somebody else has what is next in hand; or it has `ended`
 * @throws the signal's reason, or whatever Postgres says: what was in hand is taken up again
 */
export const runBulk = async (
  id: string,
  run: BulkRun,
): Promise<'more' | 'held' | 'ended'> => {
  const { con, signal, seconds = 20, cutSeconds = 40, openRedriver } = run;
  const time: Time = {
    until: performance.now() + seconds * 1_000,
    signal,
    cut: AbortSignal.timeout(cutSeconds * 1_000),
  };
  const first = await findBulk(con.manager, id);
  if (!first) return 'ended';
  const redriver = isRedrive(first)
    ? openRedriver(con, await failedKeys(con, id))
    : undefined;
  const { actor, reason } = first;
  const acting: Acting = {
    con,
    signal: AbortSignal.any([signal, time.cut]),
    redriver,
    operator: { actor, reason },
  };
  try {
    for (;;) {
      signal.throwIfAborted();
      const action = await findBulk(con.manager, id);
      if (!action || action.endedAt) return 'ended';
      if (action.state === 'cancelling') {
        await end(con, action);
        return 'ended';
      }
      const began = performance.now();
      const touched = await step(action, acting, time, run);
      if (touched === 0) {
        if (await hasLeft(con.manager, id)) return 'held';
        await end(con, action);
        return 'ended';
      }
      if (performance.now() >= time.until) return 'more';
      const wait =
        (touched / action.rate) * 1_000 - (performance.now() - began);
      if (wait > 0) await delay(wait, undefined, { signal });
    }
  } catch (error) {
    if (signal.aborted) throw error;
    // Neither may cost the job an attempt: many things in a row would use up all that it has.
    if (time.cut.aborted) return 'more';
    if (error instanceof InterruptedActionError) return 'held';
    throw error;
  } finally {
    await redriver?.close();
  }
};
