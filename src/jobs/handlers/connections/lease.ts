import type { DataSource, EntityManager } from 'typeorm';
import { v4 as uuidv4 } from 'uuid';

import type { Connection } from '../../../entity/index.ts';
import type { SyncLimits } from './limits.ts';

/** What a sync knows of its connection. */
export type SyncedConnection = Pick<
  Connection,
  | 'id'
  | 'sourceId'
  | 'authorId'
  | 'url'
  | 'etag'
  | 'lastModified'
  | 'consecutiveFailures'
>;

/**
 * The right to sync one connection, held by one run over all processes. It stands on the connection's row
 * and lasts until it is given up, until its time is over, or until the next attempt of the same job takes it:
 * that one begins only once the job engine has given its predecessor up. Every write asks for the token, so
 * that a run that lost the lease without noticing writes nothing.
 */
export interface Lease {
  readonly token: string;
  readonly connection: SyncedConnection;
}

export type LeaseAnswer =
  | { readonly type: 'taken'; readonly lease: Lease }
  /** Another run has it, and knows by now that one more sync is wanted after its own. */
  | { readonly type: 'busy' }
  /** There is no such connection, or it is disabled. */
  | { readonly type: 'idle' };

interface Row extends SyncedConnection {
  readonly disabled: boolean;
  readonly held: boolean;
}

const columns = `id, source_id as "sourceId", author_id as "authorId", url, etag,
  last_modified as "lastModified", consecutive_failures as "consecutiveFailures"`;

/** Takes the lease of a connection, or asks whoever has it for one more sync. */
export const takeLease = (
  con: DataSource,
  connectionId: string,
  jobId: string,
  { leaseSeconds }: Pick<SyncLimits, 'leaseSeconds'>,
): Promise<LeaseAnswer> =>
  con.transaction(async (manager) => {
    const [row] = await manager.query<Row[]>(
      `select ${columns}, disabled_at is not null as disabled,
         lease_token is not null and lease_until > clock_timestamp() and lease_job_id <> $2 as held
       from connection where id = $1 for no key update`,
      [connectionId, jobId],
    );
    if (!row || row.disabled) return { type: 'idle' };
    if (row.held) {
      await manager.query(
        'update connection set requested_at = clock_timestamp() where id = $1',
        [connectionId],
      );
      return { type: 'busy' };
    }
    const token = uuidv4();
    await manager.query(
      `update connection set lease_token = $2, lease_job_id = $3,
         lease_until = clock_timestamp() + $4 * interval '1 second',
         requested_at = null, last_attempted_at = clock_timestamp()
       where id = $1`,
      [connectionId, token, jobId, leaseSeconds],
    );
    const { disabled: _disabled, held: _held, ...connection } = row;
    return { type: 'taken', lease: { token, connection } };
  });

/**
 * Locks the connection's row for the rest of the transaction, if the lease is still held.
 *
 * @returns whether another sync was asked for meanwhile; `undefined` if the lease was lost
 */
export const holdLease = async (
  manager: EntityManager,
  { token, connection }: Lease,
): Promise<{ readonly wanted: boolean } | undefined> => {
  const [row] = await manager.query<{ wanted: boolean }[]>(
    `select requested_at is not null as wanted from connection
     where id = $1 and lease_token = $2 for no key update`,
    [connection.id, token],
  );
  return row;
};

/** Gives up the lease after a sync that did not come to an end, and says nothing of the feed. */
export const abandonLease = async (
  con: DataSource,
  { token, connection }: Lease,
): Promise<void> => {
  await con.query(
    `update connection set lease_token = null, lease_job_id = null, lease_until = null
     where id = $1 and lease_token = $2`,
    [connection.id, token],
  );
};

export interface Failure {
  readonly message: string;
  /** Whether the connection is not synced any more. */
  readonly disable: boolean;
}

/** Gives up the lease after a sync that failed, and writes down why. */
export const failLease = async (
  con: DataSource,
  { token, connection }: Lease,
  { message, disable }: Failure,
): Promise<void> => {
  await con.query(
    `update connection set lease_token = null, lease_job_id = null, lease_until = null,
       consecutive_failures = consecutive_failures + 1, last_error = $3,
       disabled_at = case when $4 then clock_timestamp() end
     where id = $1 and lease_token = $2`,
    [connection.id, token, message.slice(0, 500), disable],
  );
};
