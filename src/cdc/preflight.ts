import { createOutboxReader } from './outbox.ts';
import type { Catalog } from './catalog.ts';
import { envelopeColumns } from './envelope/columns.ts';
import { PublicationMissingError, TableNotPublishedError } from './errors.ts';
import type { Relation } from './pgoutput/decode.ts';
import { requireNoRecovery } from './recovery/state.ts';
import { requireSlot, type RunQuery } from './slot.ts';
import { type CapturedTable, outboxTable } from './tables.ts';

const publicationQuery = `select 1 as found from pg_publication where pubname = $1`;

const tablesQuery = `
  select c.oid::int8 as id, p.tablename as table,
    array_to_json(array(
      select json_build_object('name', a.attname, 'typeId', a.atttypid::int8, 'typeModifier', a.atttypmod)
      from pg_attribute a
      where a.attrelid = c.oid and a.attname = any(p.attnames) order by a.attnum)) as columns
  from pg_publication_tables p
  join pg_namespace n on n.nspname = p.schemaname
  join pg_class c on c.relnamespace = n.oid and c.relname = p.tablename
  where p.pubname = $1 and p.schemaname = 'public'`;

interface PublishedTable {
  readonly id: string;
  readonly table: string;
  readonly columns: Relation['columns'];
}

/**
 * Proves before the first change that all of them can be captured: the slot is ours and whole,
 * every declared table is published, and every column has a type that envelopes know.
 *
 * @throws RecoveryUnfinishedError, SlotMissingError, SlotLostError, SlotMismatchError,
 *   PublicationMissingError, TableNotPublishedError, UnsupportedTypeError, OutboxColumnError
 */
export const checkCapture = async (
  catalog: Catalog,
  options: {
    readonly slot: string;
    readonly publication: string;
    readonly tables: readonly CapturedTable[];
  },
): Promise<{ readonly database: string }> => {
  const { slot, publication, tables } = options;
  const run: RunQuery = (text, values) => catalog.query(text, values);
  await requireNoRecovery(run, slot);
  const { currentDatabase } = await requireSlot(run, slot);
  const found = await catalog.query(publicationQuery, [publication]);
  if (found.length === 0) throw new PublicationMissingError(publication);
  const published = new Map(
    (await catalog.query<PublishedTable>(tablesQuery, [publication])).map(
      (row) => [row.table, row],
    ),
  );
  for (const table of [...tables.map((each) => each.table), outboxTable]) {
    const row = published.get(table);
    if (!row) throw new TableNotPublishedError(publication, table);
    const relation: Relation = {
      ...row,
      id: Number(row.id),
      kind: 'relation',
      schema: 'public',
      replicaIdentity: '',
    };
    if (table === outboxTable) createOutboxReader(relation);
    else envelopeColumns(relation, await catalog.describe(relation));
  }
  return { database: currentDatabase };
};
