import { varintSize, writeVarint } from '../wire/writer.ts';

/** Rising message ids as bytes: the distance of each from the one before, as a varint. */
export const encodeMessageIds = (ids: readonly number[]): Uint8Array => {
  let size = 0;
  let before = 0;
  for (const id of ids) {
    size += varintSize(id - before);
    before = id;
  }
  const bytes = Buffer.alloc(size);
  let offset = 0;
  before = 0;
  for (const id of ids) {
    offset = writeVarint(bytes, offset, id - before);
    before = id;
  }
  return bytes;
};

/** @throws RangeError for bytes cut short */
export const decodeMessageIds = (bytes: Uint8Array): number[] => {
  const ids: number[] = [];
  let id = 0;
  let distance = 0;
  let unit = 1;
  for (const byte of bytes) {
    distance += (byte % 128) * unit;
    unit *= 128;
    if (byte >= 128) continue;
    id += distance;
    ids.push(id);
    distance = 0;
    unit = 1;
  }
  if (unit !== 1) throw new RangeError('expected complete message ids');
  return ids;
};
