import type { DataSource, EntityManager } from 'typeorm';

import type { Operator } from '../dead-letters/audit.ts';
import { normaliseMessage } from '../dead-letters/fingerprint.ts';
import { redactText } from '../dead-letters/redact-text.ts';
import { resolveOne } from '../dead-letters/resolve.ts';
import {
  cancelFlow,
  retryFlow,
  RunStateError,
  UnknownRunError,
} from '../flows/index.ts';
import { cancelOne } from '../jobs/operate/cancel.ts';
import type { BulkItem, ItemEnd } from './items.ts';
import { keptBy } from './kept.ts';
import type { BulkKind } from './kinds.ts';

/** What a redrive of one entry came to, as the host says it. */
export type RedriveEnd =
  | { readonly outcome: 'redriven' }
  | { readonly outcome: 'failed' | 'interrupted'; readonly error: string }
  | { readonly outcome: 'skipped'; readonly reason: string };

/**
 * Redrives entries one after the other, in the order of publication: of an ordered subscription what stands behind a
 * failed message is skipped, also behind those that failed before.
 */
export interface BulkRedriver {
  redrive(
    id: string,
    operator: Operator,
    signal: AbortSignal,
  ): Promise<RedriveEnd>;
  close(): Promise<void>;
}

/** An ordering key of a subscription, whose messages stand behind one that has failed. */
export interface FailedKey {
  readonly subscription: string;
  readonly orderingKey: string;
}

/** Made by a process that knows the workers. */
export type OpenBulkRedriver = (
  con: DataSource,
  failed: readonly FailedKey[],
) => BulkRedriver;

/** A thing could not be touched now, and nothing happened to it; the next job tries again. */
export class InterruptedActionError extends Error {
  override readonly name: string = 'InterruptedActionError';
}

/** Somebody else has a thing in hand: a run of ours that is about to end, or another operator. */
export class TakenItemError extends InterruptedActionError {
  override readonly name = 'TakenItemError';

  constructor(readonly item: string) {
    super(`expected ${item} to be free, but somebody else redrives it`);
  }
}

/** An error for those who may not see what people wrote. */
export const detailOf = (error: string): string =>
  normaliseMessage(redactText(error));

export interface Acting {
  readonly con: DataSource;
  readonly operator: Operator;
  /** Fires when the run has to end, or has taken its time. */
  readonly signal: AbortSignal;
  /** Only of actions that redrive. */
  readonly redriver: BulkRedriver | undefined;
}

type Act = (item: BulkItem, acting: Acting) => Promise<ItemEnd>;

const done: ItemEnd = { outcome: 'done' };
const skipped = (detail: string): ItemEnd => ({ outcome: 'skipped', detail });

const redrive: Act = async (
  { item, resumed },
  { operator, signal, redriver },
) => {
  if (!redriver) throw new Error('expected a redriver for a redrive');
  const end = await redriver.redrive(item, operator, signal);
  switch (end.outcome) {
    case 'redriven':
      return done;
    case 'failed':
      return { outcome: 'failed', detail: detailOf(end.error) };
    case 'interrupted':
      throw new InterruptedActionError(end.error);
    case 'skipped':
      // The run before was gone before it had written down that it came through.
      if (resumed && ['not open', 'not failed'].includes(end.reason))
        return done;
      // What stands behind it waits, too, or it would overtake.
      if (end.reason === 'locked') throw new TakenItemError(item);
      return skipped(end.reason);
  }
};

const resolve: Act = async ({ item, resumed }, { con, operator }) =>
  (await resolveOne(con.manager, item, operator)) || resumed
    ? done
    : skipped('not open');

const cancelJob: Act = async ({ item, resumed }, { con, operator }) => {
  const outcome = await con.transaction((manager) =>
    cancelOne(manager, item, operator, keptBy),
  );
  return outcome === 'cancelled' ||
    outcome === 'stopping' ||
    (resumed && outcome === 'ended')
    ? done
    : skipped(typeof outcome === 'object' ? 'kept' : outcome);
};

const steer =
  (
    control: (
      manager: EntityManager,
      run: string,
      operator: Operator,
    ) => Promise<void>,
  ): Act =>
  async ({ item, resumed }, { con, operator }) => {
    try {
      await control(con.manager, item, operator);
      return done;
    } catch (error) {
      if (error instanceof UnknownRunError) return skipped('gone');
      if (!(error instanceof RunStateError)) throw error;
      return resumed ? done : skipped(`is ${error.state} by now`);
    }
  };

/** How each kind touches one thing. What it throws leaves the thing to the next attempt. */
export const acts: Readonly<Record<BulkKind, Act>> = {
  'dead-letters.redrive': redrive,
  'dead-letters.resolve': resolve,
  'jobs.retry': redrive,
  'jobs.cancel': cancelJob,
  'flows.retry': steer(retryFlow),
  'flows.cancel': steer(cancelFlow),
};
