import { parentPort } from 'node:worker_threads';

import type { Column, Row } from './kinds.ts';
import { type PdfDocument, startPdf } from './pdf-document.ts';

/** What the thread is asked; each request gets one reply. Nothing else is sent either way. */
export type PdfRequest =
  | {
      readonly type: 'start';
      readonly title: string;
      readonly columns: readonly Column[];
      readonly fontFile: string | undefined;
    }
  | { readonly type: 'rows'; readonly rows: readonly Row[] }
  | { readonly type: 'end' };

export interface PdfReply {
  /** The bytes that are ready since the last reply. */
  readonly chunks: readonly Uint8Array[];
  readonly pages: number;
  /** Characters that the font does not have. */
  readonly missing: number;
}

let document: PdfDocument | undefined;

const handle = (request: PdfRequest): PdfDocument => {
  if (request.type === 'start')
    return (document = startPdf(
      request.title,
      request.columns,
      request.fontFile,
    ));
  if (!document) throw new Error(`expected start first, got: ${request.type}`);
  if (request.type === 'rows') document.addRows(request.rows);
  else document.end();
  return document;
};

parentPort?.on('message', (request: PdfRequest) => {
  const current = handle(request);
  const { pages, missing } = current;
  const reply: PdfReply = { chunks: current.take(), pages, missing };
  parentPort?.postMessage(reply);
});
