import type { DataSource } from 'typeorm';
import { NIL } from 'uuid';

import type { Kind, Row } from './kinds.ts';

/** Rows read at once: of the longest posts a few megabytes. */
const pageRows = 200;

interface Reading {
  readonly con: DataSource;
  readonly kind: Kind;
  readonly userId: string;
  /** Ends the reading between two pages. */
  readonly signal: AbortSignal;
  /** Told how many rows were read so far. */
  readonly onRead?: (rows: number) => void;
}

/**
 * A person's rows, a page at a time, by id: each page is a statement of its own, so that no transaction
 * stays open for the time that the upload takes.
 */
export const readPages = async function* ({
  con,
  kind,
  userId,
  signal,
  onRead,
}: Reading): AsyncGenerator<readonly Row[], void, undefined> {
  let after: string = NIL;
  let read = 0;
  for (;;) {
    signal.throwIfAborted();
    const rows = await con.query<Row[]>(kind.page, [userId, after, pageRows]);
    if (rows.length > 0) yield rows;
    read += rows.length;
    onRead?.(read);
    if (rows.length < pageRows) return;
    after = String(rows.at(-1)?.id);
  }
};
