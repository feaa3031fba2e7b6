import PDFDocument from 'pdfkit';

import type { Cell, Column, Row } from './kinds.ts';
import { shownText } from './pdf-text.ts';

const fonts = { text: 'Helvetica', heading: 'Helvetica-Bold' };
const sizes = { title: 18, heading: 12, text: 10, footer: 8 };
const margin = 56;

const cellText = (cell: Cell | undefined): string => {
  if (cell === null || cell === undefined) return '';
  return cell instanceof Date ? cell.toISOString() : String(cell);
};

/** A document that is written record by record; its bytes are taken as they come. */
export interface PdfDocument {
  addRows(rows: readonly Row[]): void;
  /** Ends the document; `take` then gives the rest. */
  end(): void;
  /** The bytes that are ready. */
  take(): Uint8Array[];
  readonly pages: number;
  /** Characters that the font does not have. */
  readonly missing: number;
}

/**
 * Begins a document of A4 pages, each with its number. A record is a heading, the second column, and a
 * line for every other one. Finished pages are let go of at once, so that memory does not grow with them.
 */
export const startPdf = (
  title: string,
  columns: readonly Column[],
): PdfDocument => {
  const [, heading] = columns;
  const others = columns.filter((column) => column !== heading);
  const doc = new PDFDocument({
    size: 'A4',
    margin,
    autoFirstPage: false,
    info: { Title: title, Creator: 'Nightshift' },
  });
  let pages = 0;
  let missing = 0;
  const shown = (text: string): string => {
    const result = shownText(text);
    missing += result.missing;
    return result.text;
  };
  doc.on('pageAdded', () => {
    pages += 1;
    // Below the margin, where text would begin another page.
    const { margins, height } = doc.page;
    margins.bottom = 0;
    doc
      .font(fonts.text)
      .fontSize(sizes.footer)
      .text(String(pages), margin, height - margin / 2, { align: 'center' });
    margins.bottom = margin;
    doc.x = margin;
    doc.y = margin;
  });
  const write = (text: string, font: string, size: number): void => {
    doc.font(font).fontSize(size).text(text);
  };
  doc.addPage();
  write(shown(title), fonts.heading, sizes.title);
  doc.moveDown();
  return {
    addRows: (rows) => {
      for (const row of rows) {
        const name = cellText(heading && row[heading.key]);
        write(shown(name) || '-', fonts.heading, sizes.heading);
        for (const { key, title: label } of others)
          write(
            shown(`${label}: ${cellText(row[key])}`),
            fonts.text,
            sizes.text,
          );
        doc.moveDown();
      }
    },
    end: () => {
      if (missing > 0)
        write(
          `${missing} characters are not in this document's font and shown as "?"; an export as CSV has them.`,
          fonts.text,
          sizes.text,
        );
      doc.end();
    },
    take: () => {
      const chunks: Uint8Array[] = [];
      for (
        let chunk = doc.read() as Uint8Array | null;
        chunk !== null;
        chunk = doc.read() as Uint8Array | null
      )
        chunks.push(chunk);
      return chunks;
    },
    get pages() {
      return pages;
    },
    get missing() {
      return missing;
    },
  };
};
