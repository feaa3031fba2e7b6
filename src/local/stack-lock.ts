import { DatabaseSync } from 'node:sqlite';

/** SQLite's code for a lock that somebody else holds. */
const sqliteBusy = 5;

/** Another process runs the stack of this directory. */
export class StackRunningError extends Error {
  override readonly name = 'StackRunningError';

  constructor(readonly lock: string) {
    super(`another process holds ${lock}: the local stack runs already`);
  }
}

/**
 * Takes the lock of a stack's directory, held until `release()` or the end of the process, however
 * that comes. It is the operating system's lock on a file, taken through SQLite because Node has
 * no other way to it: unlike a file with a process id it is never stale.
 *
 * @throws StackRunningError if another process holds it.
 */
export const lockStack = (path: string): { release(): void } => {
  const database = new DatabaseSync(path);
  try {
    database.exec('pragma busy_timeout = 0; begin exclusive');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === sqliteBusy)
      throw new StackRunningError(path);
    throw error;
  }
  return { release: () => database.close() };
};

/** Whether a process holds the lock at this moment. */
export const isLocked = (path: string): boolean => {
  try {
    lockStack(path).release();
    return false;
  } catch (error) {
    if (error instanceof StackRunningError) return true;
    throw error;
  }
};
