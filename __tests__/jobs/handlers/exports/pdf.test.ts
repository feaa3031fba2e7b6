import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';

import {
  kinds,
  type Row,
} from '../../../../src/jobs/handlers/exports/kinds.ts';
import {
  pdfOf,
  type PdfOptions,
} from '../../../../src/jobs/handlers/exports/pdf.ts';
import {
  inWindows1252,
  shownText,
} from '../../../../src/jobs/handlers/exports/pdf-text.ts';
import { tinyFont } from './tiny-font.ts';

const signal = new AbortController().signal;
const { title, columns } = kinds['my-posts'];

const rowOf = (name: string, content: string): Row => ({
  id: '1',
  title: name,
  source: 's',
  createdAt: new Date(0),
  upvotes: 1,
  comments: 0,
  content,
});

const pagesOf = async function* (rows: readonly Row[]) {
  yield rows;
};

const written = async (
  rows: readonly Row[],
  options: Partial<PdfOptions> = {},
) => {
  const chunks: Buffer[] = [];
  const stream = pdfOf({ title, columns, signal, ...options }, pagesOf(rows));
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** What is drawn, page by page. */
const contentsOf = (pdf: Buffer): string[] => {
  const contents: string[] = [];
  const begin = /\/Filter \/FlateDecode\n>>\nstream\n/g;
  const text = pdf.toString('latin1');
  for (const {
    index,
    0: { length },
  } of text.matchAll(begin)) {
    const end = text.indexOf('\nendstream', index);
    contents.push(
      inflateSync(pdf.subarray(index + length, end)).toString('latin1'),
    );
  }
  return contents;
};

/** How often text is drawn in each size. */
const drawnSizes = (content: string): Map<number, number> => {
  const drawn = new Map<number, number>();
  let size = 0;
  for (const [, set] of content.matchAll(/\/F\d+ (\d+) Tf|TJ/g)) {
    if (set !== undefined) size = Number(set);
    else drawn.set(size, (drawn.get(size) ?? 0) + 1);
  }
  return drawn;
};

it('goes on in the same size where a text fills more than a page, and numbers each page once', async () => {
  const pages = contentsOf(
    await written([rowOf('A post', 'Some words. '.repeat(2_000))]),
  );
  expect(pages.length).toBeGreaterThan(4);
  for (const page of pages) {
    const sizes = drawnSizes(page);
    expect(sizes.get(8)).toBe(1);
    expect(sizes.get(10)).toBeGreaterThan(1);
  }
});

it('writes the same however often, but for its date', async () => {
  const rows = [rowOf('A post', 'Words.')];
  const [first, second] = [await written(rows), await written(rows)];
  expect(contentsOf(first)).toEqual(contentsOf(second));
});

it('embeds a font of one’s own, shows what that has, and counts what it lacks', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-font-'));
  try {
    const fontFile = join(folder, 'tiny.ttf');
    // ASCII to the end of Cyrillic: no arrows, no emoji.
    await writeFile(fontFile, tinyFont(0x20, 0x4ff));
    const told: { pages: number; missing: number }[] = [];
    const pdf = await written([rowOf('Привет', 'мир → 🎈')], {
      fontFile,
      onEnd: (end) => told.push(end),
    });
    expect(told).toMatchObject([{ pages: 1, missing: 2 }]);
    expect(pdf.toString('latin1')).toMatch(/\/FontFile2 /);
    expect(pdf.toString('latin1')).toMatch(/\/BaseFont \/[A-Z]{6}\+Tiny/);
    expect(pdf.toString('latin1')).not.toContain('Helvetica');
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('fails where the font file is missing', async () => {
  await expect(
    written([rowOf('A', 'b')], { fontFile: '/nowhere/font.ttf' }),
  ).rejects.toThrow(/\/nowhere\/font\.ttf/);
});

it('shows what the font has and counts what it lacks, and joins accents to their letters', () => {
  expect(shownText('a\u0308 €\r\n日本 🎈\tx\0', inWindows1252)).toEqual({
    text: 'ä €\n?? ?    x?',
    missing: 4,
  });
});
