import type { DataSource, EntityManager } from 'typeorm';

import { createJob } from '../../create-job.ts';
import type { JobContext } from '../../handler.ts';
import {
  FeedGoneError,
  FeedTooComplexError,
  UnreadableFeedError,
} from './errors.ts';
import { type FetchedFeed, fetchFeed } from './fetch-feed.ts';
import type { ParsedFeed } from './item.ts';
import {
  abandonLease,
  failLease,
  holdLease,
  type Lease,
  takeLease,
} from './lease.ts';
import { type SyncLimits, syncLimits } from './limits.ts';
import { parseFeedInThread } from './parse-feed.ts';
import { storeItems, type StoredItems } from './store-items.ts';
import {
  hubOf,
  renewSubscription,
  subscribe,
  type WantedSubscription,
  wantSubscription,
} from './websub.ts';

export interface SyncOptions {
  /** Whether feeds and hubs may be at private addresses. */
  readonly allowPrivate: boolean;
  /** Where hubs reach this API; `undefined` asks none. */
  readonly publicUrl: string | undefined;
  /** @default syncLimits */
  readonly limits?: Partial<SyncLimits>;
}

/** What a sync did: the result of its job. */
export type SyncResult =
  | ({ readonly outcome: 'synced'; readonly skipped: number } & StoredItems)
  | { readonly outcome: 'not-modified' }
  /** Another sync of this connection runs, and is followed by one more. */
  | { readonly outcome: 'busy' }
  /** The connection is gone or disabled. */
  | { readonly outcome: 'idle' }
  /** Another run took the lease over; what this one found is its to store. */
  | { readonly outcome: 'superseded' };

/** The end of a successful sync; `fresh` is what the next request depends on. */
const settle = async (
  manager: EntityManager,
  { token, connection: { id } }: Lease,
  wanted: boolean,
  fresh?: Pick<FetchedFeed, 'etag' | 'lastModified'>,
): Promise<void> => {
  await manager.query(
    `update connection set lease_token = null, lease_job_id = null, lease_until = null, requested_at = null,
       last_synced_at = clock_timestamp(), last_error = null, consecutive_failures = 0
     where id = $1`,
    [id],
  );
  if (fresh)
    await manager.query(
      'update connection set etag = $2, last_modified = $3 where id = $1',
      [id, fresh.etag ?? null, fresh.lastModified ?? null],
    );
  if (wanted)
    await createJob(
      'sync-connection',
      {
        payload: { connectionId: id },
        key: id,
        idempotencyKey: `sync-connection ${id} after ${token}`,
      },
      { manager },
    );
};

/** Follows a feed that moved for good, unless its source follows it there already. */
const move = async (
  manager: EntityManager,
  { connection: { id, sourceId } }: Lease,
  movedTo: string,
): Promise<void> => {
  await manager.query(
    `update connection set url = $2 where id = $1
       and not exists (select from connection where source_id = $3 and url = $2)`,
    [id, movedTo, sourceId],
  );
};

interface Stored {
  readonly result: SyncResult;
  readonly subscription?: WantedSubscription | undefined;
}

const store = (
  con: DataSource,
  lease: Lease,
  fetched: FetchedFeed,
  feed: ParsedFeed,
  { allowPrivate, publicUrl }: SyncOptions,
): Promise<Stored> =>
  con.transaction(async (manager): Promise<Stored> => {
    const held = await holdLease(manager, lease);
    if (!held) return { result: { outcome: 'superseded' } };
    const stored = await storeItems(manager, lease.connection, feed.items);
    if (fetched.movedTo !== undefined)
      await move(manager, lease, fetched.movedTo);
    const hub = hubOf(fetched.link, feed, fetched.url, { allowPrivate });
    const subscription =
      publicUrl === undefined
        ? undefined
        : await wantSubscription(manager, lease.connection, hub);
    await settle(manager, lease, held.wanted, fetched);
    return {
      result: { outcome: 'synced', skipped: feed.skipped, ...stored },
      subscription,
    };
  });

/** The feed is as it was; only the hub's subscription may have grown old. */
const confirm = (
  con: DataSource,
  lease: Lease,
  { publicUrl }: SyncOptions,
): Promise<Stored> =>
  con.transaction(async (manager): Promise<Stored> => {
    const held = await holdLease(manager, lease);
    if (!held) return { result: { outcome: 'superseded' } };
    const subscription =
      publicUrl === undefined
        ? undefined
        : await renewSubscription(manager, lease.connection);
    await settle(manager, lease, held.wanted);
    return { result: { outcome: 'not-modified' }, subscription };
  });

/** Failures that time alone does not mend. */
const isLasting = (error: unknown): boolean =>
  error instanceof FeedGoneError ||
  error instanceof UnreadableFeedError ||
  error instanceof FeedTooComplexError;

const fetchAndStore = async (
  lease: Lease,
  context: JobContext,
  options: SyncOptions,
  limits: SyncLimits,
): Promise<Stored> => {
  const { con, signal } = context;
  const { connection } = lease;
  const { allowPrivate } = options;
  const fetched = await fetchFeed(connection, { signal, limits, allowPrivate });
  if (fetched.type === 'not-modified') return confirm(con, lease, options);
  context.progress(0.4, 'parsing');
  const { body, contentType, url } = fetched;
  const feed = await parseFeedInThread(
    { body, contentType, url },
    { connectionId: connection.id, signal, limits },
  );
  context.progress(0.7, 'storing');
  signal.throwIfAborted();
  return store(con, lease, fetched, feed, options);
};

const run = async (
  lease: Lease,
  context: JobContext,
  options: SyncOptions,
  limits: SyncLimits,
): Promise<SyncResult> => {
  const { con, signal } = context;
  const { result, subscription } = await fetchAndStore(
    lease,
    context,
    options,
    limits,
  );
  if (subscription) {
    const { allowPrivate, publicUrl } = options;
    const problem = await subscribe(con, lease.connection, subscription, {
      signal,
      publicUrl,
      allowPrivate,
    });
    if (problem !== undefined) context.log(`hub: ${problem}`);
  }
  return result;
};

/**
 * Syncs a connection: fetches its feed if it changed, makes posts of what is new in it and changes those
 * that changed, all in one transaction with the validators for the next time. The second time it does
 * nothing. One run at a time syncs a connection; see `Lease`.
 *
 * A feed that moved for good is followed. One that is missing, or no feed, so many times in a row as the
 * limits say is disabled.
 *
 * @throws what `fetchFeed` and `parseFeedInThread` throw; the connection keeps it as `last_error`
 */
export const syncConnection = async (
  connectionId: string,
  context: JobContext,
  options: SyncOptions,
): Promise<SyncResult> => {
  const { con, job, signal } = context;
  const limits = { ...syncLimits, ...options.limits };
  signal.throwIfAborted();
  const answer = await takeLease(con, connectionId, job.id, limits);
  if (answer.type !== 'taken') return { outcome: answer.type };
  const { lease } = answer;
  try {
    return await run(lease, context, options, limits);
  } catch (error) {
    if (signal.aborted) await abandonLease(con, lease);
    else
      await failLease(con, lease, {
        message: String(error),
        disable:
          isLasting(error) &&
          lease.connection.consecutiveFailures + 1 >= limits.maximumFailures,
      });
    throw error;
  }
};
