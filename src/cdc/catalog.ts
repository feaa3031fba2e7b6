import pg from 'pg';

import type { Relation } from './pgoutput/decode.ts';
import { sessionSettings } from './protocol/connection.ts';
import type { RunQuery } from './slot.ts';
import type { CatalogType } from './types/resolve.ts';

/** What pgoutput leaves out about a column. */
export interface CatalogColumn {
  readonly name: string;
  readonly notNull: boolean;
  /** The default, or what a generated column is made by, as SQL; an identity column has none. */
  readonly defaultExpression: string | undefined;
}

export interface CatalogTable {
  readonly columns: ReadonlyMap<string, CatalogColumn>;
  /** In the key's order; empty without a primary key. */
  readonly primaryKey: readonly string[];
  readonly types: ReadonlyMap<number, CatalogType>;
}

const columnsQuery = `
  select a.attname as name, a.attnotnull as "notNull",
    pg_get_expr(d.adbin, d.adrelid) as "defaultExpression"
  from pg_attribute a
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped`;

const primaryKeyQuery = `
  select a.attname as name
  from pg_index i
  cross join unnest(i.indkey) with ordinality as k(attnum, position)
  join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
  where i.indrelid = $1::oid and i.indisprimary
  order by k.position`;

// Those of columns, of the elements of arrays, and those that domains are made of.
const typesQuery = `
  with recursive wanted as (
    select oid, typelem, typcategory, typbasetype from pg_type where oid = any($1::oid[])
    union
    select t.oid, t.typelem, t.typcategory, t.typbasetype
    from wanted w
    join pg_type t on t.oid = w.typbasetype or (w.typcategory = 'A' and t.oid = w.typelem)
  )
  select t.oid::int8 as id, t.typtype as kind, t.typcategory as category,
    t.typelem::int8 as "elementId", t.typbasetype::int8 as "baseId", t.typtypmod as "baseModifier",
    case when n.nspname = 'pg_catalog' then t.typname else n.nspname || '.' || t.typname end as name,
    array(select e.enumlabel::text from pg_enum e where e.enumtypid = t.oid order by e.enumsortorder) as labels
  from pg_type t
  join pg_namespace n on n.oid = t.typnamespace
  where t.oid in (select oid from wanted)`;

interface ColumnRow {
  readonly name: string;
  readonly notNull: boolean;
  readonly defaultExpression: string | null;
}

interface TypeRow {
  readonly id: string;
  readonly kind: string;
  readonly category: string;
  readonly elementId: string;
  readonly baseId: string;
  readonly baseModifier: number;
  readonly name: string;
  readonly labels: readonly string[];
}

const typesById = (rows: readonly TypeRow[]): Map<number, CatalogType> => {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const typeOf = (row: TypeRow): CatalogType => {
    const element = row.category === 'A' ? byId.get(row.elementId) : undefined;
    const base = row.kind === 'd' ? byId.get(row.baseId) : undefined;
    return {
      name: row.name,
      kind: row.kind,
      labels: row.labels,
      element: element && typeOf(element),
      base: base && {
        type: typeOf(base),
        typeModifier: row.baseModifier,
      },
    };
  };
  return new Map(rows.map((row) => [Number(row.id), typeOf(row)]));
};

/**
 * Reads what an envelope's schema needs beyond the replication stream. It shows the table as it is
 * now, which after a change of the schema may be later than the rows that are streamed, as with
 * Debezium; it is never earlier if the transaction that the table was named in is visible.
 */
export const describeTable = async (
  run: RunQuery,
  relation: Pick<Relation, 'id' | 'columns'>,
): Promise<CatalogTable> => {
  const columns = await run<ColumnRow>(columnsQuery, [relation.id]);
  const primaryKey = await run<{ name: string }>(primaryKeyQuery, [
    relation.id,
  ]);
  const types = await run<TypeRow>(typesQuery, [
    [...new Set(relation.columns.map(({ typeId }) => typeId))],
  ]);
  return {
    columns: new Map(
      columns.map((row) => [
        row.name,
        { ...row, defaultExpression: row.defaultExpression ?? undefined },
      ]),
    ),
    primaryKey: primaryKey.map(({ name }) => name),
    types: typesById(types),
  };
};

/** The part of a client that pg's types leave out. */
interface WireClient {
  readonly connection: { readonly stream: { destroy(): void } };
}

/** A connection that reads the catalog while changes are streamed. */
export class Catalog {
  #client: pg.Client | undefined;
  #isCut = false;

  constructor(readonly databaseUrl: string) {}

  /** What an envelope's schema needs of a table. */
  describe(relation: Pick<Relation, 'id' | 'columns'>): Promise<CatalogTable> {
    return describeTable((text, values) => this.query(text, values), relation);
  }

  /** Runs a query that reads the catalog. */
  async query<Row extends object>(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    const client = await this.#connect();
    const { rows } = await client.query(text, [...values]);
    return rows as Row[];
  }

  async close(): Promise<void> {
    const client = this.#client;
    await client?.end();
    if (this.#client === client) this.#client = undefined;
  }

  /**
   * Ends the connection without a word to the database, which may answer nothing: what was asked fails, and whatever
   * is asked from now on.
   */
  cut(): void {
    this.#isCut = true;
    const client = this.#client as unknown as WireClient | undefined;
    this.#client = undefined;
    client?.connection.stream.destroy();
  }

  async #connect(): Promise<pg.Client> {
    if (this.#isCut) throw new Error('the connection to the catalog is cut');
    if (this.#client) return this.#client;
    const client = new pg.Client({
      connectionString: this.databaseUrl,
      application_name: 'nightshift cdc catalog',
      options: sessionSettings,
      connectionTimeoutMillis: 10_000,
      statement_timeout: 30_000,
    });
    // A lost connection is noticed by the next query, which then opens another one.
    client.on('error', () => {
      if (this.#client === client) this.#client = undefined;
    });
    await client.connect();
    this.#client = client;
    return client;
  }
}
