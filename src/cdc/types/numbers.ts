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

/**
 * A number as Java writes a double or float: at least one digit after the point, and an exponent
 * below a thousandth and from ten million on. Postgres has chosen the shortest digits already.
 */
export const javaFloat = (text: string): string => {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text);
  if (!match) throw new UndecodableValueError('float', 'got an unknown form');
  const [, sign = '', whole = '', fraction = '', power = '0'] = match;
  const given = whole + fraction;
  const digits = given.replace(/^0+/, '').replace(/0+$/, '');
  if (digits === '') return `${sign}0.0`;
  // The number is 0.digits × 10^point.
  const leading = given.length - given.replace(/^0+/, '').length;
  const point = whole.length - leading + Number(power);
  if (point < -2 || point > 7)
    return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${point - 1}`;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  const integer = digits.slice(0, point).padEnd(point, '0');
  return `${sign}${integer}.${digits.slice(point) || '0'}`;
};

const float = (type: string): ColumnType => ({
  schema: { type },
  encode: (text) => (special.has(text) ? `"${text}"` : javaFloat(text)),
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

/** Of the locale C: `-$1,234.56`. */
const encodeMoney = (text: string): string => {
  const digits = text.replace(/[$,]/g, '');
  const { unscaled, scale } = parseDecimal(digits);
  if (scale !== 2)
    throw new UndecodableValueError('money', 'expected lc_monetary to be C');
  return `"${unscaledBase64(unscaled)}"`;
};

export const money: ColumnType = {
  schema: {
    type: 'bytes',
    name: 'org.apache.kafka.connect.data.Decimal',
    version: 1,
    parameters: { scale: '2' },
  },
  encode: encodeMoney,
  zero: '"AA=="',
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
