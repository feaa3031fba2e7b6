import { storable } from './text.ts';

/** Bytes of a payload above which it is kept, but not searched. */
const largestDocument = 1_048_576;
/** Levels of nesting; Postgres' own parser gives up at some depth. */
const deepest = 64;

/** The value with storable strings; `undefined` if it nests too deep. */
const cleaned = (value: unknown, depth: number): unknown => {
  if (typeof value === 'string') return storable(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= deepest) throw new RangeError('nested too deep');
  if (Array.isArray(value))
    return value.map((item) => cleaned(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      storable(key),
      cleaned(item, depth + 1),
    ]),
  );
};

/**
 * The payload as JSON text for the column `document`, which searches look into; `null` where it is no
 * JSON, larger than 1 MiB or nested deeper than 64 levels. Never throws.
 */
export const documentOf = (payload: Buffer): string | null => {
  if (payload.length > largestDocument) return null;
  try {
    return JSON.stringify(cleaned(JSON.parse(payload.toString('utf8')), 0));
  } catch {
    return null;
  }
};
