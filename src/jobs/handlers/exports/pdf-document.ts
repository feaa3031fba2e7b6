import PDFDocument from 'pdfkit';

import type { Cell, Column, Row } from './kinds.ts';
import { inWindows1252, shownText } from './pdf-text.ts';

const ownFonts = { text: 'Helvetica', heading: 'Helvetica-Bold' };
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

/** What pdfkit holds of a font that was read from a file; its types leave it out. */
interface EmbeddedFont {
  readonly _font: {
    readonly font: { hasGlyphForCodePoint(code: number): boolean };
  };
}

/** Whether the current font, read from a file, has a character; asked of the font once for each. */
const glyphsOf = (doc: unknown): ((code: number) => boolean) => {
  const { font } = (doc as EmbeddedFont)._font;
  const known = new Map<number, boolean>();
  return (code) => {
    const before = known.get(code);
    if (before !== undefined) return before;
    const has = font.hasGlyphForCodePoint(code);
    known.set(code, has);
    return has;
  };
};

/**
 * Begins a document of A4 pages, each with its number. A record is a heading, the second column, and a
 * line for every other one. Finished pages are let go of at once, so that memory does not grow with them.
 *
 * @param fontFile a TrueType or OpenType font. @default the PDF's own Helvetica
 * @throws what pdfkit says of a file that is missing or no font.
 */
export const startPdf = (
  title: string,
  columns: readonly Column[],
  fontFile?: string,
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
    const result = shownText(text, hasGlyph);
    missing += result.missing;
    return result.text;
  };
  const fonts =
    fontFile === undefined ? ownFonts : { text: fontFile, heading: fontFile };
  doc.font(fonts.text);
  const hasGlyph = fontFile === undefined ? inWindows1252 : glyphsOf(doc);
  let current = { font: fonts.text, size: sizes.text };
  const write = (text: string, font: string, size: number): void => {
    current = { font, size };
    doc.font(font).fontSize(size).text(text);
  };
  doc.on('pageAdded', () => {
    pages += 1;
    const { width, height } = doc.page;
    const number = String(pages);
    doc.font(fonts.text).fontSize(sizes.footer);
    const left = (width - doc.widthOfString(number)) / 2;
    // Without line breaks, because below the margin they would begin another page.
    doc.text(number, left, height - margin / 2, { lineBreak: false });
    // A text that fills more than a page goes on as it began.
    doc.font(current.font).fontSize(current.size);
    doc.x = margin;
    doc.y = margin;
  });
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
