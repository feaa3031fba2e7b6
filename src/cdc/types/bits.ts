import type { ColumnType } from './column-type.ts';
import { boolean } from './texts.ts';

/** The bits as a number's bytes, the lowest first, without zeros at the end: Java's `BitSet.toByteArray`. */
const encodeBits = (text: string): string => {
  const digits = BigInt(`0b0${text}`).toString(16);
  const bytes = Buffer.from(
    digits.padStart(digits.length + (digits.length % 2), '0'),
    'hex',
  ).reverse();
  return `"${bytes.equals(Buffer.of(0)) ? '' : bytes.toString('base64')}"`;
};

const bits = (length: number): ColumnType => ({
  schema: {
    type: 'bytes',
    name: 'io.debezium.data.Bits',
    version: 1,
    parameters: { length: String(length) },
  },
  encode: encodeBits,
  zero: '""',
  generatedDefault: '0',
});

/** `bit(1)` is a truth. */
export const bitType = (typeModifier: number): ColumnType =>
  typeModifier === 1
    ? {
        ...boolean,
        encode: (text) => boolean.encode(text === '1' ? 't' : text),
      }
    : bits(typeModifier);

/** Without a length it may have as many bits as a Java number counts. */
export const varbitType = (typeModifier: number): ColumnType =>
  bits(typeModifier < 0 ? 2_147_483_647 : typeModifier);
