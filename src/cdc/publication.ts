import { sqlName, sqlText } from './sql-name.ts';
import { type CapturedTable, outboxTable, publicationName } from './tables.ts';

export interface PublicationOptions {
  /** `server_version_num` of the server, such as 180004. */
  readonly serverVersion: number;
  /** @default 'nightshift' */
  readonly publication?: string;
}

/** A table as a publication takes it, with its row filter. */
const publishedTable = ({ table, where }: CapturedTable): string =>
  `${sqlName(table)}${where === undefined ? '' : ` where (${where})`}`;

/** Adds a table with all of its columns but some, as they are now: a later one is published by its migration. */
const addWithoutColumns = (
  publication: string,
  { table, where }: CapturedTable,
  omit: readonly string[],
): string => {
  const filter = where === undefined ? '' : ` where (${where})`;
  return `do $publish$ begin execute (
    select format('alter publication %I add table %I (%s)%s', ${sqlText(publication)}, ${sqlText(table)},
      string_agg(quote_ident(attname), ', ' order by attnum), ${sqlText(filter)})
    from pg_attribute
    where attrelid = ${sqlText(sqlName(table))}::regclass and attnum > 0 and not attisdropped
      and attname <> all (array[${omit.map(sqlText).join(', ')}]::name[])
  ); end $publish$`;
};

/**
 * The statements that publish the captured tables and the outbox, for a migration to run in order.
 *
 * Captured tables get REPLICA IDENTITY FULL unless they say otherwise, so that an envelope knows the
 * whole row before a change. The outbox does not: it is only ever inserted into, and pruned, which
 * says nothing. From Postgres 18 on generated columns are published, without which FULL would make
 * updates of a table that has one fail (42P10).
 */
export const createPublicationSql = (
  tables: readonly CapturedTable[],
  { serverVersion, publication = publicationName }: PublicationOptions,
): string[] => {
  const whole = tables.filter(({ omit }) => omit === undefined);
  const published = [...whole.map(publishedTable), sqlName(outboxTable)];
  const options = [
    "publish = 'insert, update, delete'",
    ...(serverVersion >= 180_000 ? ['publish_generated_columns = stored'] : []),
  ];
  return [
    ...tables.map(
      ({ table, replicaIdentity = 'full' }) =>
        `alter table ${sqlName(table)} replica identity ${replicaIdentity}`,
    ),
    `create publication ${sqlName(publication)} for table ` +
      `${published.join(', ')} with (${options.join(', ')})`,
    ...tables.flatMap((table) =>
      table.omit ? [addWithoutColumns(publication, table, table.omit)] : [],
    ),
  ];
};

/** The statement that takes the publication away again. The tables keep their replica identity. */
export const dropPublicationSql = (publication = publicationName): string =>
  `drop publication if exists ${sqlName(publication)}`;
