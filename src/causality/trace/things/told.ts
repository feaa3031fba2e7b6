import { type Item, nodeId } from '../node.ts';
import type { Reader } from '../reader.ts';
import { either, ofCause, ofId, optional } from './by-index.ts';

const toldIn = (from: string) => either(`select ${from}`, ofId, ofCause);

const toldSql = [
  `'notification' as kind, id::text, type as title, created_at as at, null::timestamptz as until, null as state,
     cause, handler, null as parent from notification_v2`,
  `'message', id::text, channel, created_at, null::timestamptz, null, cause, handler, notification_id::text
     from sent_message`,
  `'webhook', id::text, event_type, created_at, settled_at, state, cause, null, null from webhook_deliveries`,
]
  .map(toldIn)
  .join(' union all ');

interface ToldRow {
  readonly kind: 'notification' | 'message' | 'webhook';
  readonly id: string;
  readonly title: string;
  readonly at: Date;
  readonly until: Date | null;
  readonly state: string | null;
  readonly cause: string | null;
  readonly handler: string | null;
  readonly parent: string | null;
}

const toldItem = (row: ToldRow): Item => ({
  node: {
    id: nodeId(row.kind, row.id),
    kind: row.kind,
    key: row.id,
    title: row.title,
    at: row.at,
    until: optional(row.until),
    state: optional(row.state),
  },
  cause: optional(row.cause),
  handler: optional(row.handler),
  ...(row.cause === null &&
    row.parent !== null && { parent: nodeId('notification', row.parent) }),
});

/** Notifications, messages and webhook deliveries: by their own ids, and by what caused them. */
export const told = async (
  reader: Reader,
  ids: readonly string[],
  causes: readonly string[],
): Promise<Item[]> =>
  (await reader.rows<ToldRow>(toldSql, [ids, causes])).map(toldItem);
