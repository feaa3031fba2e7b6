import type { ColumnType } from './column-type.ts';

const functionCall = /^[(]?[A-Za-z0-9_.]+\((?:.+(?:, ?.+)*)?\)/;
const currentTimes = new Set([
  'current_timestamp',
  'current_time',
  'current_date',
  'localtime',
  'localtimestamp',
]);

/** The text that a default expression stands for, by Debezium's rules: it does not evaluate, it reads. */
const defaultText = (
  expression: string,
  { generatedDefault }: ColumnType,
): string | undefined => {
  if (expression.startsWith('NULL::')) return undefined;
  if (
    functionCall.test(expression) ||
    currentTimes.has(expression.toLowerCase())
  )
    return generatedDefault;
  if (!expression.includes("'")) return expression;
  return /'((?:[^']|'')*)'/.exec(expression)?.[1]?.replaceAll("''", "'");
};

/**
 * The JSON of a column's default as the envelope's schema names it; `undefined` for none. What the
 * rules cannot read, such as an operator, has none.
 */
export const defaultValue = (
  expression: string,
  type: ColumnType,
): string | undefined => {
  const isEnum = type.schema.name === 'io.debezium.data.Enum';
  // Structs, bytes and arrays have no default in the schema.
  if (type.generatedDefault === undefined && !isEnum) return undefined;
  const text = isEnum
    ? /^'(.*)'::[^']+$/s.exec(expression)?.[1]
    : defaultText(expression.trim(), type);
  if (text === undefined) return undefined;
  try {
    const json = type.encode(text);
    JSON.parse(json);
    return json;
  } catch {
    return undefined;
  }
};
