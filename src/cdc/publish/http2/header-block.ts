import { errorCode, Http2ProtocolError } from './errors.ts';
import { decodeHuffman } from './huffman.ts';

/** Names in lower case; a name that comes twice has the last value. */
export type Headers = ReadonlyMap<string, string>;

/** Names of RFC 7541, appendix A, by their numbers; of some, several entries with values. */
const staticNames = [
  ':authority :method :method :path :path :scheme :scheme',
  ':status :status :status :status :status :status :status',
  'accept-charset accept-encoding accept-language accept-ranges accept access-control-allow-origin',
  'age allow authorization cache-control content-disposition content-encoding content-language',
  'content-length content-location content-range content-type cookie date etag expect expires from',
  'host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified link',
  'location max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after',
  'server set-cookie strict-transport-security transfer-encoding user-agent vary via www-authenticate',
]
  .join(' ')
  .split(' ');

/** Values of the entries from number 2 on; the others have none. */
const staticValues = [
  'GET',
  'POST',
  '/',
  '/index.html',
  'http',
  'https',
  ...['200', '204', '206', '304', '400', '404', '500'],
  '',
  'gzip, deflate',
];

/** Names that no intermediary may keep in a table. */
const secret = new Set(['authorization']);

const writeInteger = (
  bytes: number[],
  head: number,
  bits: number,
  value: number,
) => {
  const most = 2 ** bits - 1;
  if (value < most) {
    bytes.push(head | value);
    return;
  }
  bytes.push(head | most);
  let rest = value - most;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80))
    bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
};

/** Encodes headers as literals: the peer keeps nothing of them, so a block may be sent again and again. */
export const encodeHeaders = (
  headers: Iterable<readonly [string, string]>,
): Buffer => {
  const bytes: number[] = [];
  const writeText = (text: string) => {
    const encoded = Buffer.from(text);
    writeInteger(bytes, 0, 7, encoded.length);
    bytes.push(...encoded);
  };
  for (const [name, value] of headers) {
    const number = staticNames.indexOf(name) + 1;
    writeInteger(bytes, secret.has(name) ? 0x10 : 0, 4, number);
    if (number === 0) writeText(name);
    writeText(value);
  }
  return Buffer.from(bytes);
};

const malformed = (reason: string) =>
  new Http2ProtocolError(
    `expected a header block of HPACK that needs no table, but ${reason}`,
    errorCode.compression,
  );

class BlockReader {
  #offset = 0;

  constructor(readonly bytes: Buffer) {}

  get ended(): boolean {
    return this.#offset >= this.bytes.length;
  }

  byte(): number {
    const byte = this.bytes[this.#offset];
    if (byte === undefined) throw malformed('it ends too early');
    this.#offset += 1;
    return byte;
  }

  /** A whole number whose first bits are the last of `head`. */
  integer(head: number, bits: number): number {
    const most = 2 ** bits - 1;
    let value = head & most;
    if (value < most) return value;
    for (let weight = 1; ; weight *= 0x80) {
      if (weight > 0x80 ** 3) throw malformed('a number is too large');
      const byte = this.byte();
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
    }
  }

  text(): string {
    const head = this.byte();
    const length = this.integer(head, 7);
    const end = this.#offset + length;
    if (end > this.bytes.length) throw malformed('a text ends too early');
    const bytes = this.bytes.subarray(this.#offset, end);
    this.#offset = end;
    return head & 0x80 ? decodeHuffman(bytes) : bytes.toString('latin1');
  }
}

const staticName = (number: number): string => {
  const name = staticNames[number - 1];
  if (name === undefined)
    throw malformed(`it refers to entry ${number} of a table`);
  return name;
};

/**
 * Decodes a header block of a peer that was told to keep no table, and that therefore means the same
 * whatever came before it.
 *
 * @throws Http2ProtocolError
 */
export const decodeHeaders = (block: Buffer): Headers => {
  const reader = new BlockReader(block);
  const headers = new Map<string, string>();
  while (!reader.ended) {
    const head = reader.byte();
    if (head >= 0x80) {
      const number = reader.integer(head, 7);
      headers.set(staticName(number), staticValues[number - 2] ?? '');
    } else if (head >= 0x20 && head < 0x40) {
      if (reader.integer(head, 5) !== 0)
        throw malformed('it makes the table larger');
    } else {
      const number = reader.integer(head, head >= 0x40 ? 6 : 4);
      const name = number === 0 ? reader.text() : staticName(number);
      headers.set(name, reader.text());
    }
  }
  return headers;
};
