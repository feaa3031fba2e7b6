import { type ColumnValue, type Tuple, unchanged } from '../pgoutput/decode.ts';
import type { EnvelopeColumn } from './columns.ts';

/** What Debezium writes for a large value that an update left alone and the log does not hold. */
const unavailable = '__debezium_unavailable_value';

/** In arrays it takes the elements' type: the text, its bytes as numbers, or the UUID (version 3) of its bytes. */
const unavailableElements = (items: { type?: string; name?: string }) => {
  if (
    items.type === 'int16' ||
    items.type === 'int32' ||
    items.type === 'int64'
  )
    return [...Buffer.from(unavailable)];
  return items.name === 'io.debezium.data.Uuid'
    ? ['b68a35a7-17ad-35b3-af2a-ae46edb4545a']
    : [unavailable];
};

const unavailableJson = ({ type: { schema } }: EnvelopeColumn): string => {
  if (schema.items) return JSON.stringify(unavailableElements(schema.items));
  if (schema.type === 'bytes')
    return `"${Buffer.from(unavailable).toString('base64')}"`;
  return `"${unavailable}"`;
};

/** What stands for a value that is not known although the column is never null. */
const placeholder = (column: EnvelopeColumn): string =>
  column.default ?? column.type.zero;

/** The JSON of one column. @throws UndecodableValueError */
export const columnJson = (
  column: EnvelopeColumn,
  value: ColumnValue,
): string => {
  if (value === null) return column.optional ? 'null' : placeholder(column);
  return value === unchanged
    ? unavailableJson(column)
    : column.type.encode(value);
};

/** The JSON of a row. @throws UndecodableValueError */
export const rowJson = (
  columns: readonly EnvelopeColumn[],
  tuple: Tuple,
): string => {
  let fields = '';
  for (let index = 0; index < columns.length; index += 1) {
    const column = columns[index]!;
    if (index > 0) fields += ',';
    fields += column.label + columnJson(column, tuple[column.place] ?? null);
  }
  return `{${fields}}`;
};

/** An updated row with the values that the log holds only in the row before. */
export const completed = (after: Tuple, before: Tuple | undefined): Tuple =>
  before
    ? after.map((value, index) =>
        value === unchanged ? (before[index] ?? null) : value,
      )
    : after;
