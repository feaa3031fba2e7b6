import type { Readable } from 'node:stream';

import type { Export } from '../../../entity/index.ts';
import type { ObjectStorage } from '../../../storage/object-storage.ts';
import type { JobContext } from '../../handler.ts';
import { csvOf } from './csv.ts';
import { kinds } from './kinds.ts';
import { readPages } from './pages.ts';
import { pdfOf } from './pdf.ts';
import type { RunningExport, WrittenFile } from './state.ts';

export const contentTypes: Readonly<Record<Export['format'], string>> = {
  csv: 'text/csv; charset=utf-8',
  pdf: 'application/pdf',
};

/** What writing exports takes. */
export interface ExportTools {
  readonly storage: ObjectStorage;
  /** Of PDFs; a TrueType or OpenType font. @default Helvetica, for Western European letters */
  readonly fontFile?: string | undefined;
}

/**
 * Writes an export's rows into object storage as they are read, a page at a time in memory.
 *
 * @throws the signal's reason when it fires; the object is then as it was before.
 */
export const writeExport = async (
  { kind: name, format, userId, objectKey }: RunningExport,
  context: Pick<JobContext, 'con' | 'log' | 'progress' | 'signal'>,
  { storage, fontFile }: ExportTools,
): Promise<WrittenFile> => {
  const { con, signal } = context;
  const kind = kinds[name];
  const [counted] = await con.query<{ rows: number }[]>(kind.count, [userId]);
  const expected = counted?.rows ?? 0;
  let rows = 0;
  const pages = readPages({
    con,
    kind,
    userId,
    signal,
    onRead: (read) => {
      rows = read;
      // Rows may be added meanwhile, and the upload is not done with the last one.
      context.progress(
        Math.min(read / Math.max(expected, 1), 0.99),
        `${read} rows`,
      );
    },
  });
  const { title, columns } = kind;
  const stream: Readable =
    format === 'csv'
      ? csvOf(columns, pages)
      : pdfOf(
          {
            title,
            columns,
            fontFile,
            signal,
            onEnd: ({ pages: written, missing }) =>
              context.log(
                `${written} pages, ${missing} characters without a glyph`,
              ),
          },
          pages,
        );
  const contentType = contentTypes[format];
  const bytes = await storage.put(objectKey, stream, { contentType, signal });
  return { rows, bytes };
};
