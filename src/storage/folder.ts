import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { LinkSecretMissingError, ObjectMissingError } from './errors.ts';
import { checkKey } from './object-key.ts';
import type { ObjectStorage, PutOptions } from './object-storage.ts';
import { signLink } from './signed-link.ts';

/** No key begins with a dot, so that no object is ever in the way. */
const uploading = '.uploading';

export interface FolderStorageOptions {
  /** Made when it is needed. */
  readonly folder: string;
  /** What a link begins with; the key and its signature follow. */
  readonly linkBase: string;
  /** Signs links; `undefined` refuses to make any. */
  readonly linkSecret: string | undefined;
}

const isMissing = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException).code === 'ENOENT';

const isNotEmpty = (error: unknown): boolean =>
  ['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '');

/** Makes a file's name survive a power cut, as far as the file system can. */
const syncDirectory = async (path: string): Promise<void> => {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};

/** Makes a directory, with those above it, so that it survives a power cut. */
const makeDirectory = async (path: string): Promise<void> => {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made))
    await syncDirectory(dirname(made));
};

/**
 * Objects as files below a folder of one machine. A file is written under another name, synced, then
 * renamed, so that a key shows the whole object or none whenever the process or the machine dies.
 */
export class FolderStorage implements ObjectStorage {
  readonly #options: FolderStorageOptions;

  constructor(options: FolderStorageOptions) {
    this.#options = options;
  }

  async put(
    key: string,
    stream: Readable,
    { signal }: PutOptions,
  ): Promise<number> {
    const target = this.#path(key);
    const temporary = join(this.#options.folder, uploading, randomUUID());
    await mkdir(dirname(temporary), { recursive: true });
    try {
      // `wx`: whatever has this name is not ours.
      const file = createWriteStream(temporary, { flags: 'wx', flush: true });
      await pipeline(stream, file, { signal });
      await makeDirectory(dirname(target));
      signal?.throwIfAborted();
      await rename(temporary, target);
      await syncDirectory(dirname(target));
      return file.bytesWritten;
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async link(key: string, expires: Date): Promise<string> {
    const { linkBase, linkSecret } = this.#options;
    if (linkSecret === undefined) throw new LinkSecretMissingError();
    const query = new URLSearchParams({
      ...signLink(linkSecret, key, expires),
    });
    return `${linkBase}/${key}?${query.toString()}`;
  }

  async delete(key: string): Promise<void> {
    const path = this.#path(key);
    await rm(path, { force: true });
    // The directory of the last object in it; others stay, and the folder itself.
    if (dirname(path) === resolve(this.#options.folder)) return;
    await rmdir(dirname(path)).catch((error: unknown) => {
      if (!isMissing(error) && !isNotEmpty(error)) throw error;
    });
  }

  async deleteAbandoned(before: Date): Promise<number> {
    const folder = join(this.#options.folder, uploading);
    const names = await readdir(folder).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    let deleted = 0;
    for (const name of names) {
      const path = join(folder, name);
      const written = await stat(path).catch((error: unknown) => {
        // Renamed or removed in the meantime by the upload itself.
        if (isMissing(error)) return undefined;
        throw error;
      });
      if (!written || written.mtime >= before) continue;
      await rm(path, { force: true });
      deleted += 1;
    }
    return deleted;
  }

  /** Opens an object for reading; the caller closes it. @throws ObjectMissingError */
  async open(key: string): Promise<FileHandle> {
    const path = this.#path(key);
    try {
      return await open(path, 'r');
    } catch (error) {
      if (isMissing(error)) throw new ObjectMissingError(key, { cause: error });
      throw error;
    }
  }

  #path(key: string): string {
    return resolve(this.#options.folder, ...checkKey(key).split('/'));
  }
}
