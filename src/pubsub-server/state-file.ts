import { mkdir, open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';

/*
 * The file: MAGIC, the version (32 bits, big-endian), then frames. A frame is the length of its
 * body, the CRC-32 of its body (32 bits each, big-endian), and the body: one value as written by
 * node:v8, read only once its checksum agrees. A frame without a body ends the file.
 */
const MAGIC = Buffer.from('nightshift-pubsub-state\n');
const VERSION = 1;
const FRAME_HEADER = 8;

/** Over the largest request that a server accepts, in bytes, so that no frame written is refused. */
const LARGEST_FRAME = 64 * 1024 * 1024;

/**
 * A state file that a server does not start with: damaged, cut short, of another version, no state
 * file at all, or unreadable. It is left as it is and nothing in it is lost. What to do: start the
 * version that wrote it, or move the file away and start without what it holds.
 */
export class StateFileRefusedError extends Error {
  override readonly name = 'StateFileRefusedError';
  readonly file: string;

  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(
      `refused the Pub/Sub state file ${file}: ${reason}; it is left as it is: move it away to start without the subscriptions and messages it holds`,
      options,
    );
    this.file = file;
  }
}

/**
 * A server stopped and could not save its state (the cause says why: disk full, no permission),
 * so that what was not acknowledged is lost. What to do: make the directory writable, start again.
 */
export class StateFileNotWrittenError extends Error {
  override readonly name = 'StateFileNotWrittenError';
  readonly file: string;

  constructor(file: string, options: ErrorOptions) {
    super(
      `could not write the Pub/Sub state file ${file}, messages that were not acknowledged are lost: make its directory writable, with space left`,
      options,
    );
    this.file = file;
  }
}

const header = (): Buffer => {
  const bytes = Buffer.alloc(MAGIC.length + 4);
  MAGIC.copy(bytes);
  bytes.writeUInt32BE(VERSION, MAGIC.length);
  return bytes;
};

const frame = (body: Buffer): Buffer => {
  const head = Buffer.alloc(FRAME_HEADER);
  head.writeUInt32BE(body.length, 0);
  head.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([head, body]);
};

const END = frame(Buffer.alloc(0));

/**
 * Writes a file of values that {@link readStateFile} reads, for the owner's eyes alone (mode 0600).
 * The old file of the name, or none, stands until the new one is complete and on the disk.
 *
 * @throws StateFileNotWrittenError
 */
export const writeStateFile = async (
  file: string,
  values: Iterable<unknown>,
): Promise<void> => {
  const partial = `${file}.partial`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await rm(partial, { force: true });
    const handle = await open(partial, 'wx', 0o600);
    try {
      await handle.writeFile(header());
      for (const value of values)
        await handle.writeFile(frame(serialize(value)));
      await handle.writeFile(END);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } catch (cause) {
    throw new StateFileNotWrittenError(file, { cause });
  }
};

/** As many bytes as asked for, fewer only at the end of the file. */
const readBytes = async (
  handle: FileHandle,
  length: number,
): Promise<Buffer> => {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
};

const checkHeader = async (file: string, handle: FileHandle): Promise<void> => {
  const given = await readBytes(handle, MAGIC.length + 4);
  if (
    given.length < MAGIC.length + 4 ||
    !given.subarray(0, MAGIC.length).equals(MAGIC)
  )
    throw new StateFileRefusedError(
      file,
      'expected the saved state of a local Pub/Sub server, got something else',
    );
  const version = given.readUInt32BE(MAGIC.length);
  if (version !== VERSION)
    throw new StateFileRefusedError(
      file,
      `expected format version ${VERSION}, got: ${version}`,
    );
};

/** Of the next frame; undefined if there is no whole and sound one. */
const readBody = async (handle: FileHandle): Promise<Buffer | undefined> => {
  const head = await readBytes(handle, FRAME_HEADER);
  if (head.length < FRAME_HEADER) return undefined;
  const length = head.readUInt32BE(0);
  if (length > LARGEST_FRAME) return undefined;
  const body = await readBytes(handle, length);
  return body.length === length && crc32(body) === head.readUInt32BE(4)
    ? body
    : undefined;
};

async function* readFrames(
  file: string,
  handle: FileHandle,
): AsyncGenerator<unknown> {
  await checkHeader(file, handle);
  for (;;) {
    const body = await readBody(handle);
    if (body === undefined)
      throw new StateFileRefusedError(file, 'it is damaged or cut short');
    if (body.length === 0) return;
    yield deserialize(body);
  }
}

/**
 * The values of a file, in the order they were written; none when there is no such file. The first
 * of them may come before it is known that the last ones are damaged.
 *
 * @throws StateFileRefusedError
 */
export async function* readStateFile(file: string): AsyncGenerator<unknown> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    yield* readFrames(file, handle);
  } catch (error) {
    if (error instanceof StateFileRefusedError) throw error;
    if (
      handle === undefined &&
      (error as NodeJS.ErrnoException).code === 'ENOENT'
    )
      return;
    throw new StateFileRefusedError(
      file,
      `it cannot be read (${(error as Error).message})`,
      { cause: error },
    );
  } finally {
    await handle?.close();
  }
}
