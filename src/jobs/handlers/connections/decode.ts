import { TextDecoder } from 'node:util';

/** The first bytes, in which a declaration has to stand. */
const declarationBytes = 1_024;

const fromMark = ([first, second, third]: Uint8Array): string | undefined => {
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return undefined;
};

/** UTF-16 without a mark shows in the zero byte beside the first `<`. */
const fromZeroes = ([first, second]: Uint8Array): string | undefined => {
  if (first === 0x3c && second === 0) return 'utf-16le';
  if (first === 0 && second === 0x3c) return 'utf-16be';
  return undefined;
};

const fromHeader = (contentType: string | undefined): string | undefined =>
  /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(contentType ?? '')?.[1];

const fromDeclaration = (body: Uint8Array): string | undefined =>
  /^\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(
    Buffer.from(body.subarray(0, declarationBytes)).toString('latin1'),
  )?.[1];

const decoderOf = (label: string, fatal: boolean): TextDecoder | undefined => {
  try {
    return new TextDecoder(label, { fatal });
  } catch {
    return undefined;
  }
};

const decodeExactly = (body: Uint8Array, label: string): string | undefined => {
  try {
    return decoderOf(label, true)?.decode(body);
  } catch {
    return undefined;
  }
};

/**
 * Decodes a feed. A byte order mark decides, then the header, then the XML declaration, then UTF-8, as RFC
 * 7303 says. Where one of them is wrong the bytes decide: UTF-8 that declares itself is believed over the
 * header, a label that nobody knows or that the bytes contradict is passed over, and what is not UTF-8 in
 * the end is taken for windows-1252. Never fails.
 */
export const decodeFeed = (
  body: Uint8Array,
  contentType: string | undefined,
): string => {
  const marked = fromMark(body) ?? fromZeroes(body);
  if (marked) return new TextDecoder(marked).decode(body);
  const declared = fromDeclaration(body);
  const labels = [
    ...(/^utf-?8$/i.test(declared ?? '') ? ['utf-8'] : []),
    fromHeader(contentType),
    // The declaration was readable, so it cannot be in UTF-16.
    ...(/^utf-?16/i.test(declared ?? '') ? [] : [declared]),
    'utf-8',
  ];
  for (const label of labels) {
    const text = label && decodeExactly(body, label);
    if (text !== undefined && text !== '') return text;
  }
  return new TextDecoder('windows-1252').decode(body);
};
