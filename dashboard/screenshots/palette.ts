import { deflateSync } from 'node:zlib';

import type { Page } from 'playwright-core';

/** An image of at most 256 colours. */
interface Indexed {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of each colour, one after the other. */
  readonly colours: readonly number[];
  /** A byte a pixel, in base64. */
  readonly pixels: string;
}

/** What of the browser draws, which the types of Node do not know. */
interface Drawing {
  readonly createImageBitmap: (
    blob: Blob,
  ) => Promise<{ readonly width: number; readonly height: number }>;
  readonly OffscreenCanvas: new (
    width: number,
    height: number,
  ) => {
    getContext(kind: '2d'): {
      drawImage(image: object, x: number, y: number): void;
      getImageData(
        x: number,
        y: number,
        width: number,
        height: number,
      ): { readonly data: Uint8ClampedArray };
    };
  };
}

/** Runs in the browser, which can read what it has drawn: finds the colours that most pixels have and that differ. */
const quantise = async (png: string): Promise<Indexed> => {
  const most = 256;
  const tooNear = 60;
  const { createImageBitmap, OffscreenCanvas } =
    globalThis as unknown as Drawing;
  const blob = await (await fetch(`data:image/png;base64,${png}`)).blob();
  const bitmap = await createImageBitmap(blob);
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height).getContext('2d');
  canvas.drawImage(bitmap, 0, 0);
  const { data } = canvas.getImageData(0, 0, width, height);
  const colourAt = (at: number) =>
    (data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!;
  const counts = new Map<number, number>();
  for (let at = 0; at < data.length; at += 4) {
    const colour = colourAt(at);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const distanceOf = (one: number, other: number): number => {
    const red = (one >> 16) - (other >> 16);
    const green = ((one >> 8) & 255) - ((other >> 8) & 255);
    const blue = (one & 255) - (other & 255);
    return red * red + green * green + blue * blue;
  };
  // A colour much like one that is chosen is not worth a place: a rare one may be what a state is known by.
  const palette: number[] = [];
  for (const [colour] of [...counts].sort(([, one], [, other]) => other - one))
    if (
      palette.length < most &&
      palette.every((other) => distanceOf(colour, other) > tooNear)
    )
      palette.push(colour);
  const nearest = new Map(palette.map((colour, index) => [colour, index]));
  const indexOf = (colour: number): number => {
    const known = nearest.get(colour);
    if (known !== undefined) return known;
    let best = 0;
    let closest = Infinity;
    for (const [index, other] of palette.entries()) {
      const distance = distanceOf(colour, other);
      if (distance < closest) {
        closest = distance;
        best = index;
      }
    }
    nearest.set(colour, best);
    return best;
  };
  let text = '';
  for (let at = 0; at < data.length; at += 4)
    text += String.fromCharCode(indexOf(colourAt(at)));
  return {
    width,
    height,
    colours: palette.flatMap((colour) => [
      colour >> 16,
      (colour >> 8) & 255,
      colour & 255,
    ]),
    pixels: btoa(text),
  };
};

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++)
    rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  return rest;
});

const crc = (bytes: Buffer): number => {
  let rest = 0xffffffff;
  for (const byte of bytes)
    rest = crcTable[(rest ^ byte) & 255]! ^ (rest >>> 8);
  return (rest ^ 0xffffffff) >>> 0;
};

const chunk = (name: string, data: Buffer): Buffer => {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc(named), 4);
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)]);
};

/** A PNG with a palette: https://www.w3.org/TR/png-3/ */
const encode = ({ width, height, colours, pixels }: Indexed): Buffer => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits, which index a palette.
  header.set([8, 3, 0, 0, 0], 8);
  const raw = Buffer.from(pixels, 'base64');
  const lines = Buffer.alloc((width + 1) * height);
  for (let line = 0; line < height; line++)
    raw.copy(lines, line * (width + 1) + 1, line * width, (line + 1) * width);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(colours)),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
};

/** Makes a PNG a third as large, in the 256 colours that it has most of. @param page a blank one */
export const withPalette = async (page: Page, png: Buffer): Promise<Buffer> => {
  // The loader names functions by this, which the browser does not have.
  await page.evaluate('globalThis.__name ??= (value) => value');
  return encode(await page.evaluate(quantise, png.toString('base64')));
};
