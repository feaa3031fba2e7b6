import { sqlName } from './sql-name.ts';
import { type CapturedTable, outboxTable, publicationName } from './tables.ts';

export interface PublicationOptions {
  /** `server_version_num` of the server, such as 180004. */
  readonly serverVersion: number;
  /** @default 'nightshift' */
  readonly publication?: string;
}

/**
 * The statements that publish the captured tables and the outbox, for a migration to run in order.
 *
 * Captured tables get REPLICA IDENTITY FULL, so that an envelope knows the whole row before a
 * change. The outbox does not: it is only ever inserted into, and pruned, which says nothing.
 * From Postgres 18 on generated columns are published, without which FULL would make updates of a
 * table that has one fail (42P10).
 */
export const createPublicationSql = (
  tables: readonly CapturedTable[],
  { serverVersion, publication = publicationName }: PublicationOptions,
): string[] => {
  const published = [...tables.map(({ table }) => table), outboxTable];
  const options = [
    "publish = 'insert, update, delete'",
    ...(serverVersion >= 180_000 ? ['publish_generated_columns = stored'] : []),
  ];
  return [
    ...tables.map(
      ({ table }) => `alter table ${sqlName(table)} replica identity full`,
    ),
    `create publication ${sqlName(publication)} for table ` +
      `${published.map(sqlName).join(', ')} with (${options.join(', ')})`,
  ];
};

/** The statement that takes the publication away again. The tables keep their replica identity. */
export const dropPublicationSql = (publication = publicationName): string =>
  `drop publication if exists ${sqlName(publication)}`;
