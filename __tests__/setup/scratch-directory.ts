import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';

const inMemory = '/dev/shm';

/** Far more than all test databases of a run and their log take at once, in bytes. */
const enough = 6e9;

const day = 86_400_000;

/**
 * Where servers of tests keep their data: in memory, where there is enough of it. Of what a clone of a database
 * costs, nine tenths were a disk's file system that looked for inodes among hundreds freed just before.
 */
export const scratchDirectory = async (): Promise<string> => {
  try {
    const { bavail, bsize } = await statfs(inMemory);
    if (Math.min(bavail * bsize, freemem()) >= enough) return inMemory;
  } catch {
    // No Linux.
  }
  return tmpdir();
};

/** Removes what runs that were killed left in memory, which no start of the machine would do soon. */
export const removeLeftovers = async (): Promise<void> => {
  const names = await readdir(inMemory).catch(() => []);
  for (const name of names) {
    if (!name.startsWith('nightshift-')) continue;
    const path = join(inMemory, name);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > day)
      await rm(path, { recursive: true, force: true });
  }
};
