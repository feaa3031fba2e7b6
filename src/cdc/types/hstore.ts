import { UndecodableValueError } from '../errors.ts';
import { type ColumnType, innerJsonText, jsonText } from './column-type.ts';
import { json } from './texts.ts';

const entryPattern =
  /"((?:[^"\\]|\\.)*)"=>(?:"((?:[^"\\]|\\.)*)"|NULL)(?:, |$)/gsy;

const unescaped = (text: string): string => text.replace(/\\(.)/gs, '$1');

const parseHstore = (text: string): (readonly [string, string | null])[] => {
  const entries: (readonly [string, string | null])[] = [];
  let position = 0;
  while (position < text.length) {
    entryPattern.lastIndex = position;
    const match = entryPattern.exec(text);
    if (match?.[1] === undefined)
      throw new UndecodableValueError('hstore', 'got an unknown form');
    const value = match[2];
    entries.push([
      unescaped(match[1]),
      value === undefined ? null : unescaped(value),
    ]);
    position = entryPattern.lastIndex;
  }
  return entries;
};

/** Java's `String.hashCode`, with the upper half folded in as `HashMap` does. */
const spreadHash = (text: string): number => {
  let hash = 0;
  for (let index = 0; index < text.length; index += 1)
    hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash ^ (hash >>> 16);
};

/** The order of a Java `HashMap`, in which Debezium writes the entries. */
const inHashOrder = <Value>(
  entries: readonly (readonly [string, Value])[],
): (readonly [string, Value])[] => {
  let capacity = 16;
  while (entries.length > capacity * 0.75) capacity *= 2;
  const bucketOf = (key: string) => spreadHash(key) & (capacity - 1);
  return entries.toSorted(([a], [b]) => bucketOf(a) - bucketOf(b));
};

/** An object in a JSON string. */
export const hstore: ColumnType = {
  schema: json.schema,
  encode: (text) => {
    const fields = inHashOrder(parseHstore(text)).map(
      ([key, value]) =>
        `${innerJsonText(key)}:${value === null ? 'null' : innerJsonText(value)}`,
    );
    return jsonText(`{${fields.join(',')}}`);
  },
  zero: '"{}"',
};
