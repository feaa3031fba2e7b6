import type { Tuple } from '../pgoutput/decode.ts';
import { jsonText } from '../types/column-type.ts';
import type { EnvelopeColumn } from './columns.ts';
import { columnJson } from './row.ts';

/** Writes the primary keys of one table as Debezium does. */
export interface KeyWriter {
  /**
   * The key as JSON, with the table's name that ByLogicalTableRouter adds so that rows of tables
   * that share a topic do not share a key. `default`, as Debezium's sink has it, without a primary key.
   */
  orderingKey(tuple: Tuple): string;
  /** The key as Debezium's headers `__debezium.newkey` and `__debezium.oldkey` show it. */
  header(tuple: Tuple): string;
  /** Whether two rows have the same key. */
  same(first: Tuple, second: Tuple): boolean;
  readonly exists: boolean;
}

const headerValue = (json: string): string =>
  json.startsWith('"') ? (JSON.parse(json) as string) : json;

export const keyWriter = (
  columns: readonly EnvelopeColumn[],
  primaryKey: readonly string[],
  /** `<source>.<schema>.<table>` */
  physicalTable: string,
): KeyWriter => {
  const keys = primaryKey.flatMap(
    (name) => columns.find((column) => column.name === name) ?? [],
  );
  const values = (tuple: Tuple) =>
    keys.map(
      (column) =>
        [column.name, columnJson(column, tuple[column.place] ?? null)] as const,
    );
  const table = `"__dbz__physicalTableIdentifier":${jsonText(physicalTable)}`;
  const exists = keys.length > 0 && keys.length === primaryKey.length;
  return {
    exists,
    orderingKey: (tuple) => {
      if (!exists) return 'default';
      let fields = '';
      for (const column of keys)
        fields += `${column.label}${columnJson(column, tuple[column.place] ?? null)},`;
      return `{${fields}${table}}`;
    },
    header: (tuple) =>
      `Struct{${values(tuple)
        .map(([name, json]) => `${name}=${headerValue(json)}`)
        .join(',')}}`,
    same: (first, second) =>
      keys.every(({ place }) => first[place] === second[place]),
  };
};
