import { createHash } from 'node:crypto';

/** Numbers that are the same in every run for the same key. */
export interface Random {
  /** 0 up to, not including, `limit`. */
  below(limit: number): number;
  /** One of the items. */
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
  /** 0 up to, not including, 1. */
  share(): number;
}

/** A small generator of the kind called mulberry32; good enough to look believable. */
export const randomOf = (key: string): Random => {
  let state = createHash('sha256').update(key).digest().readUInt32LE();
  const share = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(share() * limit);
  return {
    share,
    below,
    pick: (items) => items[below(items.length)] ?? items[0],
  };
};

/** The UUIDv7 that a key has in every run, with its time in the first 48 bits as RFC 9562 says. */
export const idOf = (key: string, time: Date): string => {
  const bytes = createHash('sha256').update(key).digest().subarray(0, 16);
  bytes.writeUIntBE(time.getTime(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
};
