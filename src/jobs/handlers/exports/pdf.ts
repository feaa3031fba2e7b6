import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { Worker } from 'node:worker_threads';

import { startThread } from '../start-thread.ts';
import type { Column, Row } from './kinds.ts';
import type { PdfReply, PdfRequest } from './pdf-thread.ts';

/** Megabytes that the thread may take for itself. */
const maxMemory = 256;

/** The thread that writes a PDF ended before it was done: out of memory, or a fault of its own. */
export class PdfThreadError extends Error {
  override readonly name = 'PdfThreadError';

  constructor(readonly exitCode: number) {
    super(
      `expected the thread that writes the PDF to go on, it ended with code ${exitCode}; run the job again, ` +
        'or ask for CSV if it ends so each time',
    );
  }
}

/** Sends a request and waits for its reply; the thread's error, its end or the signal reject. */
const ask = async (
  thread: Worker,
  request: PdfRequest,
  signal: AbortSignal,
): Promise<PdfReply> => {
  const settled = new AbortController();
  const either = AbortSignal.any([signal, settled.signal]);
  try {
    const answered = once(thread, 'message', { signal: either });
    const ended = once(thread, 'exit', { signal: either });
    thread.postMessage(request);
    return await Promise.race([
      answered.then(([reply]) => reply as PdfReply),
      ended.then(([code]): never => {
        throw new PdfThreadError(code as number);
      }),
    ]);
  } finally {
    settled.abort();
  }
};

export interface PdfOptions {
  readonly title: string;
  readonly columns: readonly Column[];
  /** A TrueType or OpenType font. @default Helvetica, for Western European letters */
  readonly fontFile?: string | undefined;
  readonly signal: AbortSignal;
  /** Told once all is written. */
  readonly onEnd?: (document: Pick<PdfReply, 'pages' | 'missing'>) => void;
}

const writtenBy = async function* (
  { title, columns, fontFile, signal, onEnd }: PdfOptions,
  pages: AsyncIterable<readonly Row[]>,
): AsyncGenerator<Uint8Array> {
  const thread = startThread(
    new URL('./pdf-thread.ts', import.meta.url),
    maxMemory,
    { name: 'pdf' },
  );
  try {
    yield* (
      await ask(thread, { type: 'start', title, columns, fontFile }, signal)
    ).chunks;
    // One page of rows at a time: the next is read once what was written of this one is uploaded.
    for await (const rows of pages)
      yield* (await ask(thread, { type: 'rows', rows }, signal)).chunks;
    const end = await ask(thread, { type: 'end' }, signal);
    yield* end.chunks;
    onEnd?.(end);
  } finally {
    await thread.terminate();
  }
};

/** Rows as a PDF. It is written in a thread of its own: laying out text would hold up everything else. */
export const pdfOf = (
  options: PdfOptions,
  pages: AsyncIterable<readonly Row[]>,
): Readable => Readable.from(writtenBy(options, pages), { objectMode: false });
