import { errorCode, Http2ProtocolError } from './errors.ts';

/**
 * Bits of the code of each byte, and of the end of a text, as digits of base 36 (RFC 7541, appendix B). The
 * codes themselves follow: shorter ones come first, and of one length those of smaller bytes.
 */
const lengths = [
  'dnsssssssoussussssssssusssssssss',
  '6aacd68baa8b8666555666666678f6ca',
  'd67777777777777777777777878djde6',
  'f56565666577666567655677777fbeds',
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnno',
  'mlkmmnnlnmmolmnnllmlnmnnkmmmnmmn',
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrr',
  'koklmllnmmppooqnqrqqrrrrrsrrrrrq',
  'u',
].join('');

const longest = 30;
const endOfText = 256;

/** Of each length: the first code, how many there are, and where their symbols begin in `symbols`. */
const first = new Uint32Array(longest + 1);
const count = new Uint32Array(longest + 1);
const start = new Uint32Array(longest + 1);
const symbols = Array.from(lengths, (digit, symbol) => ({
  symbol,
  length: parseInt(digit, 36),
}))
  .toSorted((a, b) => a.length - b.length || a.symbol - b.symbol)
  .map(({ symbol, length }) => {
    count[length]! += 1;
    return symbol;
  });
for (let length = 1; length <= longest; length += 1) {
  first[length] = (first[length - 1]! + count[length - 1]!) * 2;
  start[length] = start[length - 1]! + count[length - 1]!;
}

const malformed = (reason: string) =>
  new Http2ProtocolError(
    `expected a Huffman-coded text of HPACK, but ${reason}`,
    errorCode.compression,
  );

/**
 * Decodes a text of HPACK, each byte as the character of its number.
 *
 * @throws Http2ProtocolError
 */
export const decodeHuffman = (bytes: Buffer): string => {
  let text = '';
  let code = 0;
  let length = 0;
  for (const byte of bytes)
    for (let bit = 7; bit >= 0; bit -= 1) {
      code = code * 2 + ((byte >> bit) & 1);
      length += 1;
      const place = code - first[length]!;
      if (place < count[length]!) {
        const symbol = symbols[start[length]! + place]!;
        if (symbol === endOfText) throw malformed('it ends in the middle');
        text += String.fromCharCode(symbol);
        code = 0;
        length = 0;
      } else if (length === longest) throw malformed('a code is unknown');
    }
  // What is left are the first bits of the end's code, all of them ones.
  if (length > 7 || code !== 2 ** length - 1)
    throw malformed('its padding is wrong');
  return text;
};
