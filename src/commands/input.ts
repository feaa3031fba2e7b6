import { createReadStream } from 'node:fs';

/** Bytes read from a file or the standard input at most; no event may be as large. */
const maxInputBytes = 32 * 1024 * 1024;

/** The argument is not what the command reads. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** Reads text from a file, or from the standard input if the path is `-`. @throws InputError */
export const readInput = async (path: string): Promise<string> => {
  const stream = path === '-' ? process.stdin : createReadStream(path);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxInputBytes)
      throw new InputError(
        `expected at most ${maxInputBytes} bytes in ${path}, got more`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

/** Parses JSON. @throws InputError that says where the text goes wrong. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(
      `expected JSON, got text that is none: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
};

/** JSON from an argument, from a file or the standard input (`@path`, `@-`); null if nothing is given. */
export const jsonArgument = async (
  given: string | undefined,
): Promise<unknown> => {
  if (given === undefined) return null;
  return parseJson(
    given.startsWith('@') ? await readInput(given.slice(1)) : given,
  );
};
