import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, cp, lstat, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { PostgresBinaries } from './postgres-binaries.ts';
import { type Account, mayReach } from './unprivileged.ts';

/** Where things of root go that an unprivileged account has to reach. Kept over a restart of the machine. */
const publicDirectory = '/var/tmp';

/** Somebody else made the directory that we would run programs from. */
export class ForeignDirectoryError extends Error {
  override readonly name = 'ForeignDirectoryError';

  constructor(readonly directory: string) {
    super(
      `expected ${directory} to be a directory of root's, but it belongs to another account; ` +
        'remove it, or set NIGHTSHIFT_HOME to a directory that everybody may enter',
    );
  }
}

const hash = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 12);

const ownedByRoot = async (directory: string): Promise<boolean> => {
  try {
    const found = await lstat(directory);
    if (found.uid !== 0 || !found.isDirectory())
      throw new ForeignDirectoryError(directory);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
};

/**
 * The Postgres programs where the account can start them. Installed below a directory that it may
 * not enter, such as /root, they are copied (60 MB) once per installed version.
 */
export const reachableBinaries = async (
  { initdb, postgres }: PostgresBinaries,
  account: Account,
): Promise<PostgresBinaries> => {
  if (await mayReach(postgres, account)) return { initdb, postgres };
  const native = dirname(dirname(postgres));
  const copy = join(publicDirectory, `nightshift-postgres-${hash(native)}`);
  if (!(await ownedByRoot(copy))) {
    const draft = `${copy}.${process.pid}`;
    await cp(native, draft, { recursive: true, verbatimSymlinks: true });
    await chmod(draft, 0o755);
    // Whole or not at all; a copy that another process made first is as good.
    await rename(draft, copy).catch(() => rm(draft, { recursive: true }));
    await ownedByRoot(copy);
  }
  const bin = join(copy, 'bin');
  await access(join(bin, 'postgres'), constants.X_OK);
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
};

/**
 * A data directory that the account can reach: the wanted one, or one of root's public directory
 * that belongs to it alone.
 */
export const reachableDirectory = async (
  directory: string,
  account: Account,
): Promise<string> => {
  await mkdir(dirname(directory), { recursive: true });
  if (await mayReach(directory, account)) return directory;
  const above = join(publicDirectory, `nightshift-data-${hash(directory)}`);
  if (!(await ownedByRoot(above))) await mkdir(above, { mode: 0o755 });
  return join(above, 'postgres');
};
