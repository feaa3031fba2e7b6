import { Readable } from 'node:stream';

import { stringify } from 'csv-stringify';

import type { Column, Row } from './kinds.ts';

const eachRow = async function* (
  pages: AsyncIterable<readonly Row[]>,
): AsyncGenerator<Row> {
  for await (const page of pages) yield* page;
};

/**
 * Rows as CSV (RFC 4180) in UTF-8, with a byte-order mark, by which spreadsheets know it. Every text is
 * quoted; one that a spreadsheet would run as a formula begins with an apostrophe.
 */
export const csvOf = (
  columns: readonly Column[],
  pages: AsyncIterable<readonly Row[]>,
): Readable => {
  const csv = stringify({
    bom: true,
    header: true,
    columns: columns.map(({ key, title }) => ({ key, header: title })),
    record_delimiter: 'windows',
    quoted_string: true,
    escape_formulas: true,
    cast: { date: (date) => date.toISOString() },
  });
  return Readable.from(eachRow(pages)).compose<typeof csv>(csv);
};
