import type { Readable, Transform } from 'node:stream';
import { isNativeError } from 'node:util/types';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

import { ResponseTooLargeError, UnreadableResponseError } from './errors.ts';

/** What `accept-encoding` offers, and nothing else is unpacked. */
const decoders: Readonly<Record<string, () => Transform>> = {
  br: createBrotliDecompress,
  deflate: createInflate,
  gzip: createGunzip,
  'x-gzip': createGunzip,
};

/** More layers than one serve nobody but whoever packs bombs. */
const decoderOf = (
  encoding: string,
  origin: string,
): (() => Transform) | undefined => {
  const name = encoding.trim().toLowerCase();
  if (name === '' || name === 'identity') return undefined;
  if (!Object.hasOwn(decoders, name))
    throw new UnreadableResponseError(origin, encoding.slice(0, 50));
  return decoders[name];
};

export interface ReadOptions {
  readonly origin: string;
  readonly encoding: string;
  readonly maxBytes: number;
  /** What becomes of a larger body: an error, or its beginning. */
  readonly whenLarger: 'fail' | 'cut';
  /** Hears of every part as it comes. */
  readonly onPart: () => void;
}

export interface ReadBody {
  readonly body: Buffer;
  /** Whether more was there than `body` holds. */
  readonly isCut: boolean;
}

const isZlibError = (error: unknown): boolean =>
  isNativeError(error) &&
  'code' in error &&
  typeof error.code === 'string' &&
  /^Z_|^ERR_BROTLI|^ERR__ERROR_/.test(error.code);

/** Unpacks while it comes; a part that unpacks to much comes out in parts, too. */
const unpack = (
  stream: Readable,
  decoder: Transform,
  onPart: () => void,
): Transform => {
  const feed = async () => {
    for await (const part of stream as AsyncIterable<Buffer>) {
      onPart();
      if (!decoder.write(part) && !decoder.destroyed)
        await new Promise<void>((resolve) => {
          decoder.once('drain', resolve).once('close', resolve);
        });
    }
    decoder.end();
  };
  feed().catch((error: Error) => decoder.destroy(error));
  return decoder;
};

async function* unpacked(
  stream: Readable,
  { origin, encoding, onPart }: ReadOptions,
): AsyncGenerator<Buffer> {
  const decoder = decoderOf(encoding, origin);
  if (!decoder) {
    for await (const part of stream as AsyncIterable<Buffer>) {
      onPart();
      yield part;
    }
    return;
  }
  const transform = unpack(stream, decoder(), onPart);
  try {
    yield* transform as AsyncIterable<Buffer>;
  } catch (error) {
    if (isZlibError(error))
      throw new UnreadableResponseError(origin, encoding, { cause: error });
    throw error;
  } finally {
    transform.destroy();
  }
}

/**
 * Reads a body, unpacked, up to its limit, and not a part further: what a server sends beyond is never held.
 *
 * @throws ResponseTooLargeError, UnreadableResponseError, and what the stream fails with
 */
export const readBody = async (
  stream: Readable,
  options: ReadOptions,
): Promise<ReadBody> => {
  const { origin, maxBytes, whenLarger } = options;
  // A body that is not read to its end fails, which here is no news.
  stream.on('error', () => undefined);
  const kept: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of unpacked(stream, options)) {
      kept.push(part.subarray(0, maxBytes - bytes));
      bytes += part.length;
      if (bytes > maxBytes) break;
    }
  } finally {
    stream.destroy();
  }
  if (bytes > maxBytes && whenLarger === 'fail')
    throw new ResponseTooLargeError(origin, maxBytes);
  return { body: Buffer.concat(kept), isCut: bytes > maxBytes };
};
