import { Readable } from 'node:stream';

import type { Options } from 'csv-stringify';
import { stringify } from 'csv-stringify/sync';

import type { Column, Row } from './kinds.ts';

const written = async function* (
  columns: readonly Column[],
  pages: AsyncIterable<readonly Row[]>,
): AsyncGenerator<Buffer> {
  const options: Options = {
    columns: columns.map(({ key, title }) => ({ key, header: title })),
    record_delimiter: 'windows',
    quoted_string: true,
    escape_formulas: true,
    cast: { date: (date) => date.toISOString() },
  };
  yield Buffer.from(stringify([], { ...options, header: true, bom: true }));
  for await (const page of pages)
    yield Buffer.from(stringify([...page], options));
};

/**
 * Rows as CSV (RFC 4180) in UTF-8, with a byte-order mark, by which spreadsheets know it. Every text is
 * quoted; one that a spreadsheet would run as a formula begins with an apostrophe.
 */
export const csvOf = (
  columns: readonly Column[],
  pages: AsyncIterable<readonly Row[]>,
): Readable => Readable.from(written(columns, pages), { objectMode: false });
