import pg from 'pg';

import { createPublicationSql } from '../../src/cdc/publication.ts';
import {
  type CapturedTable,
  capturedTables,
  publicationName,
} from '../../src/cdc/tables.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

interface Published {
  readonly table: string;
  readonly identity: string;
  readonly filter: string | null;
  readonly missing: readonly string[];
}

const publishedQuery = `
  select p.tablename as table, c.relreplident as identity, p.rowfilter as filter,
    array(select a.attname::text from pg_attribute a
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attname <> all (p.attnames)
          order by a.attnum) as missing
  from pg_publication_tables p
  join pg_class c on c.oid = format('%I.%I', p.schemaname, p.tablename)::regclass
  where p.pubname = $1`;

const published = async (
  publication: string,
): Promise<ReadonlyMap<string, Published>> => {
  const { rows } = await client.query<Published>(publishedQuery, [publication]);
  return new Map(rows.map((row) => [row.table, row]));
};

it('migrations publish every declared table with its identity, filter and columns', async () => {
  const tables = await published(publicationName);
  for (const declared of capturedTables as readonly CapturedTable[])
    expect(tables.get(declared.table)).toEqual({
      table: declared.table,
      identity: declared.replicaIdentity === 'default' ? 'd' : 'f',
      filter: declared.where ?? null,
      missing: declared.omit ?? [],
    });
});

it('a publication leaves out the columns and rows that a declaration does', async () => {
  await client.query(
    'create table "odd ""name" (id int primary key, "a secret" text, word text)',
  );
  const { rows } = await client.query<{ version: number }>(
    `select current_setting('server_version_num')::int as version`,
  );
  const statements = createPublicationSql(
    [
      {
        table: 'odd "name',
        topic: 'changes',
        replicaIdentity: 'default',
        omit: ['a secret'],
        where: 'id > 5',
      },
    ],
    { serverVersion: rows[0]!.version, publication: "it's odd" },
  );
  for (const statement of statements) await client.query(statement);
  expect((await published("it's odd")).get('odd "name')).toEqual({
    table: 'odd "name',
    identity: 'd',
    filter: '(id > 5)',
    missing: ['a secret'],
  });
});

it('no column is left out of a table whose changes know the whole row before', () => {
  // @ts-expect-error Postgres would refuse every update of such a table.
  const declared: CapturedTable = { table: 'a', topic: 'b', omit: ['c'] };
  expect(declared).toBeDefined();
});
