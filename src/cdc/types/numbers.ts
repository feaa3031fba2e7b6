import { UndecodableValueError } from '../errors.ts';
import type { ColumnType } from './column-type.ts';

const asIs = (text: string): string => text;

const integer = (type: string): ColumnType => ({
  schema: { type },
  encode: asIs,
  zero: '0',
  generatedDefault: '0',
});

/** Postgres writes numbers as JSON does, except these. */
const special = new Set(['NaN', 'Infinity', '-Infinity']);

const float = (type: string): ColumnType => ({
  schema: { type },
  encode: (text) => (special.has(text) ? `"${text}"` : text),
  zero: '0.0',
  generatedDefault: '0.0',
});

/** The shortest two's complement of a number, big-endian, in base64: Java's `BigInteger.toByteArray`. */
export const unscaledBase64 = (value: bigint): string => {
  let bytes = 1;
  while (BigInt.asIntN(bytes * 8, value) !== value) bytes += 1;
  const hex = BigInt.asUintN(bytes * 8, value)
    .toString(16)
    .padStart(bytes * 2, '0');
  return Buffer.from(hex, 'hex').toString('base64');
};

interface Decimal {
  readonly unscaled: bigint;
  readonly scale: number;
}

const parseDecimal = (text: string): Decimal => {
  const match = /^(-?\d+)(?:\.(\d*))?$/.exec(text);
  if (!match?.[1])
    throw new UndecodableValueError('numeric', 'got NaN or an infinity');
  const fraction = match[2] ?? '';
  return { unscaled: BigInt(match[1] + fraction), scale: fraction.length };
};

const fixedDecimal = (precision: number, scale: number): ColumnType => {
  const encode = (text: string): string => {
    const given = parseDecimal(text);
    const missing = BigInt(scale - given.scale);
    if (missing < 0n)
      throw new UndecodableValueError(
        'numeric',
        `got more than ${scale} digits after the point`,
      );
    return `"${unscaledBase64(given.unscaled * 10n ** missing)}"`;
  };
  return {
    schema: {
      type: 'bytes',
      name: 'org.apache.kafka.connect.data.Decimal',
      version: 1,
      parameters: {
        scale: String(scale),
        'connect.decimal.precision': String(precision),
      },
    },
    encode,
    zero: encode('0'),
    generatedDefault: '0',
  };
};

const encodeVariableDecimal = (text: string): string => {
  let { unscaled, scale } = parseDecimal(text);
  while (scale > 0 && unscaled % 10n === 0n) {
    unscaled /= 10n;
    scale -= 1;
  }
  return `{"scale":${scale},"value":"${unscaledBase64(unscaled)}"}`;
};

const variableDecimal: ColumnType = {
  schema: {
    type: 'struct',
    fields: [
      { type: 'int32', optional: false, field: 'scale' },
      { type: 'bytes', optional: false, field: 'value' },
    ],
    name: 'io.debezium.data.VariableScaleDecimal',
    version: 1,
    doc: 'Variable scaled decimal',
  },
  encode: encodeVariableDecimal,
  zero: encodeVariableDecimal('0'),
};

/** `numeric(p, s)` has a fixed scale, `numeric` one of its own for each value. */
export const numericType = (typeModifier: number): ColumnType => {
  if (typeModifier < 0) return variableDecimal;
  const precision = ((typeModifier - 4) >> 16) & 0xffff;
  // Eleven bits with a sign: Postgres 15 allows negative scales.
  const scale = (((typeModifier - 4) & 0x7ff) ^ 1024) - 1024;
  return scale < 0 ? variableDecimal : fixedDecimal(precision, scale);
};

export const int16 = integer('int16');
export const int32 = integer('int32');
export const int64 = integer('int64');
export const float32 = float('float');
export const float64 = float('double');
