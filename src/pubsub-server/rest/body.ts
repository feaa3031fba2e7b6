import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { invalidArgument } from '../errors.ts';

/** 10 MB of messages are 13.4 MB in base64, and some more as JSON. */
export const LARGEST_BODY = 16 * 1024 * 1024;

const inflate = promisify(gunzip);

const tooLarge = () =>
  invalidArgument(
    `Request payload size exceeds the limit: ${LARGEST_BODY} bytes.`,
  );

const unzip = async (bytes: Buffer): Promise<Buffer> => {
  try {
    return await inflate(bytes, { maxOutputLength: LARGEST_BODY });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge();
    throw invalidArgument(
      'Invalid request: expected a body in gzip as its content-encoding says.',
    );
  }
};

const readBytes = async (request: IncomingMessage): Promise<Buffer> => {
  if (Number(request.headers['content-length'] ?? 0) > LARGEST_BODY)
    throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST_BODY) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/**
 * The JSON value that a request carries; undefined without a body.
 *
 * @throws PubSubError INVALID_ARGUMENT for what is too large or no JSON.
 */
export const readJson = async (request: IncomingMessage): Promise<unknown> => {
  const received = await readBytes(request);
  if (received.length === 0) return undefined;
  const { 'content-type': type, 'content-encoding': encoding = 'identity' } =
    request.headers;
  // What a web page may send to any address without being asked is not taken.
  if (type !== undefined && !/^application\/json\s*(;|$)/i.test(type))
    throw invalidArgument(
      `Invalid request: expected the content-type application/json, got: ${type}.`,
    );
  if (encoding !== 'identity' && encoding !== 'gzip')
    throw invalidArgument(
      `Invalid request: expected the content-encoding gzip or none, got: ${encoding}.`,
    );
  const bytes = encoding === 'gzip' ? await unzip(received) : received;
  try {
    return JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(bytes),
    ) as unknown;
  } catch (error) {
    throw invalidArgument(
      `Invalid JSON payload received. ${error instanceof SyntaxError ? error.message : 'Expected UTF-8'}.`,
    );
  }
};
