import type { EntityManager } from 'typeorm';

import { shownAddress } from './address.ts';
import { type PageOf, readList } from './list.ts';

export const connectionStates = ['healthy', 'failing', 'disabled'] as const;
export type ConnectionState = (typeof connectionStates)[number];

/** A feed whose items become posts, without its secrets. */
export interface ListedConnection {
  readonly id: string;
  readonly sourceId: string;
  readonly source: string;
  /** Without its query. */
  readonly url: string;
  readonly state: ConnectionState;
  readonly isSyncing: boolean;
  readonly lastAttemptedAt: Date | null;
  readonly lastSyncedAt: Date | null;
  readonly lastError: string | null;
  readonly consecutiveFailures: number;
  /** When the net below the push notices finds it; null if it is disabled. */
  readonly nextSyncAt: Date | null;
  /** Until when a hub tells of its news at once; null without one. */
  readonly hubExpiresAt: Date | null;
  readonly hubError: string | null;
  readonly createdAt: Date;
}

/** `$1` is after how many hours a connection is due. */
const columns = `
  entry.id, entry.source_id as "sourceId", source.name as source, entry.url,
  case when entry.disabled_at is not null then 'disabled' when entry.consecutive_failures > 0 then 'failing'
    else 'healthy' end as state,
  coalesce(entry.lease_until > now(), false) as "isSyncing", entry.last_attempted_at as "lastAttemptedAt",
  entry.last_synced_at as "lastSyncedAt", entry.last_error as "lastError",
  entry.consecutive_failures as "consecutiveFailures",
  case when entry.disabled_at is null then
    coalesce(entry.requested_at, entry.last_attempted_at + $1 * interval '1 hour', entry.created_at) end as "nextSyncAt",
  case when entry.hub_expires_at > now() then entry.hub_expires_at end as "hubExpiresAt",
  entry.hub_error as "hubError", entry.created_at as "createdAt"`;

const from = 'connection entry join source on source.id = entry.source_id';

const conditions: Readonly<Record<ConnectionState, string>> = {
  healthy: 'entry.disabled_at is null and entry.consecutive_failures = 0',
  failing: 'entry.disabled_at is null and entry.consecutive_failures > 0',
  disabled: 'entry.disabled_at is not null',
};

const withoutQuery = <Row extends { readonly url: string }>(row: Row): Row => ({
  ...row,
  url: shownAddress(row.url),
});

export interface ConnectionFilter extends PageOf {
  readonly state?: ConnectionState | undefined;
}

/** Connections, the newest first. @param hours after which one is due */
export const listConnections = async (
  manager: EntityManager,
  hours: number,
  { state, ...page }: ConnectionFilter,
): Promise<ListedConnection[]> => {
  const rows = await readList<ListedConnection>(
    manager,
    {
      columns,
      from,
      where: state ? [conditions[state]] : [],
      parameters: [hours],
    },
    page,
  );
  return rows.map(withoutQuery);
};

/** A connection, and how much of its feed was taken over. */
export interface ConnectionDetails extends ListedConnection {
  readonly items: number;
  readonly lastItemAt: Date | null;
}

/** @returns `undefined` if there is none of this id. */
export const findConnection = async (
  manager: EntityManager,
  hours: number,
  id: string,
): Promise<ConnectionDetails | undefined> => {
  const [row] = await manager.query<ConnectionDetails[]>(
    `select ${columns}, item.items, item.last as "lastItemAt" from ${from}
     cross join lateral (
       select count(*)::int as items, max(created_at) as last from connection_item where connection_id = entry.id
     ) as item
     where entry.id = $2`,
    [hours, id],
  );
  return row && withoutQuery(row);
};
