/** Units of the em square. */
const em = 1_000;

const u16 = (...values: number[]): Buffer => {
  const buffer = Buffer.alloc(values.length * 2);
  values.forEach((value, index) =>
    buffer.writeUInt16BE(value & 0xffff, index * 2),
  );
  return buffer;
};
const u32 = (...values: number[]): Buffer => {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, index) =>
    buffer.writeUInt32BE(value >>> 0, index * 4),
  );
  return buffer;
};

/** A triangle: one contour of three points on the curve. */
const glyph = (): Buffer =>
  Buffer.concat([
    u16(1, 0, 0, 500, 700, 2, 0),
    Buffer.from([1, 1, 1]),
    u16(0, 500, -250),
    u16(0, 0, 700),
    Buffer.alloc(1),
  ]);

/** One segment of characters, whose glyphs follow `.notdef` in their order; and the one that ends the table. */
const characterMap = (first: number, last: number): Buffer => {
  const table = Buffer.concat([
    u16(last, 0xffff),
    u16(0),
    u16(first, 0xffff),
    u16(1 - first, 1),
    u16(0, 0),
  ]);
  const head = u16(4, 14 + table.length, 0, 4, 4, 1, 0);
  return Buffer.concat([u16(0, 1, 3, 1), u32(12), head, table]);
};

const names = (name: string): Buffer => {
  const text = Buffer.from(name, 'utf16le').swap16();
  const ids = [1, 2, 4, 6];
  const records = ids.map((id) => u16(3, 1, 0x409, id, text.length, 0));
  return Buffer.concat([
    u16(0, ids.length, 6 + 12 * ids.length),
    ...records,
    text,
  ]);
};

/**
 * A TrueType font whose every character from `first` to `last` is a triangle, for tests that need a font with
 * some characters and without others.
 */
export const tinyFont = (first: number, last: number): Buffer => {
  const glyphs = last - first + 2;
  const outline = glyph();
  const each = Array.from({ length: glyphs }, () => outline);
  const offsets = Array.from(
    { length: glyphs + 1 },
    (_, index) => index * outline.length,
  );
  const tables: Record<string, Buffer> = {
    'OS/2': Buffer.concat([
      u16(1, 500, 400, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
      Buffer.alloc(10),
      u32(0, 0, 0, 0),
      Buffer.from('TEST'),
      u16(0x40, first, last, 800, -200, 0, 800, 200),
      u32(1, 0),
    ]),
    cmap: characterMap(first, last),
    glyf: Buffer.concat(each),
    head: Buffer.concat([
      u32(0x00010000, 0x00010000, 0, 0x5f0f3cf5),
      u16(0, em),
      Buffer.alloc(16),
      u16(0, 0, 500, 700, 0, 8, 2, 1, 0),
    ]),
    hhea: Buffer.concat([
      u32(0x00010000),
      u16(800, -200, 0, 600, 0, 0, 500, 1, 0, 0, 0, 0, 0, 0, 0, glyphs),
    ]),
    hmtx: u16(...each.flatMap(() => [600, 0])),
    loca: u32(...offsets),
    maxp: Buffer.concat([
      u32(0x00010000),
      u16(glyphs, 3, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
    ]),
    name: names('Tiny'),
    post: Buffer.concat([u32(0x00030000, 0), u16(0, 0), u32(0, 0, 0, 0, 0)]),
  };
  const entries = Object.entries(tables);
  let offset = 12 + 16 * entries.length;
  const directory: Buffer[] = [];
  const bodies: Buffer[] = [];
  for (const [tag, table] of entries) {
    const padded = Buffer.concat([
      table,
      Buffer.alloc((4 - (table.length % 4)) % 4),
    ]);
    directory.push(Buffer.from(tag.padEnd(4)), u32(0, offset, table.length));
    bodies.push(padded);
    offset += padded.length;
  }
  return Buffer.concat([
    u32(0x00010000),
    u16(entries.length, 0, 0, 0),
    ...directory,
    ...bodies,
  ]);
};
