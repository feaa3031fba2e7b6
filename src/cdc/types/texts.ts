import { type ColumnType, jsonText } from './column-type.ts';

const named = (name: string, generatedDefault?: string): ColumnType => ({
  schema: { type: 'string', name: `io.debezium.data.${name}`, version: 1 },
  encode: jsonText,
  zero: '""',
  ...(generatedDefault !== undefined && { generatedDefault }),
});

export const boolean: ColumnType = {
  schema: { type: 'boolean' },
  encode: (text) => String(text === 't' || text === 'true'),
  zero: 'false',
  generatedDefault: 'false',
};

export const text: ColumnType = {
  schema: { type: 'string' },
  encode: jsonText,
  zero: '""',
  generatedDefault: '',
};

/** Types that Debezium writes as Postgres does, and whose defaults it does not read. */
export const plainText: ColumnType = {
  schema: { type: 'string' },
  encode: jsonText,
  zero: '""',
};

export const xml = named('Xml');
export const tsvector = named('Tsvector');
export const json = named('Json', '{}');
export const uuid = named('Uuid', '00000000-0000-0000-0000-000000000000');

/** Debezium's `hex` form of Postgres to base64. */
export const bytea: ColumnType = {
  schema: { type: 'bytes' },
  encode: (hex) => `"${Buffer.from(hex.slice(2), 'hex').toString('base64')}"`,
  zero: '""',
};

export const enumType = (labels: readonly string[]): ColumnType => ({
  schema: {
    type: 'string',
    name: 'io.debezium.data.Enum',
    version: 1,
    parameters: { allowed: labels.join(',') },
  },
  optionalInArrays: false,
  encode: jsonText,
  zero: '""',
});
