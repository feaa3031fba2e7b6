import { type Item, nodeId } from '../node.ts';
import type { Reader } from '../reader.ts';
import { either, ofCause, ofId, optional } from './by-index.ts';
import { uuidsOf } from './ids.ts';

const outboxSql =
  'select id::text, topic, created_at as at, cause, xmin::text as transaction from outbox';

/** Events: by their own ids (`$1`), or by what caused them (`$2`). */
const eventsSql = either(outboxSql, ofId, ofCause);

/** Those that never were in the outbox, or are not there any more, as far as they were delivered. */
const deliveredSql = `
  select distinct on (id) * from (${either(
    'select event_id as id, topic, published_at as at, cause, null as transaction from delivery',
    'event_id = any($1)',
    ofCause,
  )}) recorded order by id, at`;

interface EventRow {
  readonly id: string;
  readonly topic: string;
  readonly at: Date;
  readonly cause: string | null;
  readonly transaction: string | null;
}

const eventItem = (row: EventRow): Item => ({
  node: {
    id: nodeId('event', row.id),
    kind: 'event',
    key: row.id,
    title: row.topic,
    at: row.at,
    facts: {
      road: row.transaction === null ? 'not in the outbox' : 'outbox',
    },
  },
  cause: optional(row.cause),
  made: { name: row.topic },
  ...(row.transaction !== null && {
    transaction: { id: Number(row.transaction), at: row.at },
  }),
});

/** Those of the outbox first, then those that only deliveries tell of. */
export const events = async (
  reader: Reader,
  ids: readonly string[],
  causes: readonly string[],
): Promise<Item[]> => {
  const outbox = await reader.rows<EventRow>(eventsSql, [uuidsOf(ids), causes]);
  const delivered = await reader.rows<EventRow>(deliveredSql, [ids, causes]);
  const known = new Set(outbox.map(({ id }) => id));
  return [...outbox, ...delivered.filter(({ id }) => !known.has(id))].map(
    eventItem,
  );
};

/** Events of the outbox that meet a condition, up to the limit that it ends with. */
export const eventsWhere = async (
  reader: Reader,
  condition: string,
  values: readonly unknown[],
): Promise<Item[]> =>
  (await reader.rows<EventRow>(`${outboxSql} where ${condition}`, values)).map(
    eventItem,
  );
