import type { Relation } from './pgoutput/decode.ts';
import type { RunQuery } from './slot.ts';

const tablesQuery = `
  select c.oid::int8 as id, p.tablename as table,
    array_to_json(array(
      select json_build_object('name', a.attname, 'typeId', a.atttypid::int8, 'typeModifier', a.atttypmod)
      from pg_attribute a
      where a.attrelid = c.oid and a.attname = any(p.attnames) order by a.attnum)) as columns
  from pg_publication_tables p
  join pg_namespace n on n.nspname = p.schemaname
  join pg_class c on c.relnamespace = n.oid and c.relname = p.tablename
  where p.pubname = $1 and p.schemaname = 'public'
  order by p.tablename`;

interface PublishedTable {
  readonly id: string;
  readonly table: string;
  readonly columns: Relation['columns'];
}

/** The tables of a publication, with the columns that it publishes, as the stream would describe them. */
export const readPublishedTables = async (
  run: RunQuery,
  publication: string,
): Promise<Relation[]> =>
  (await run<PublishedTable>(tablesQuery, [publication])).map((row) => ({
    ...row,
    id: Number(row.id),
    kind: 'relation',
    schema: 'public',
    replicaIdentity: '',
  }));
