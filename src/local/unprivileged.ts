import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** An account that a process of root may become. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Neither `postgres` nor `nobody` exists on this machine. */
export class NoAccountError extends Error {
  override readonly name = 'NoAccountError';

  constructor() {
    super(
      'expected an account "postgres" or "nobody" to run Postgres as, because it refuses to run as ' +
        'root; found neither. Create one with: useradd --system postgres',
    );
  }
}

/**
 * The account that Postgres runs as when root starts it; `undefined` for everybody else.
 *
 * @throws NoAccountError
 */
export const unprivilegedAccount = async (): Promise<Account | undefined> => {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([
        run('id', ['-u', name]),
        run('id', ['-g', name]),
      ]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {
      continue;
    }
  }
  throw new NoAccountError();
};

/** Whether an account may walk down to a path: every directory above it lets it through. */
export const mayReach = async (
  path: string,
  { uid, gid }: Account,
): Promise<boolean> => {
  for (let above = dirname(path); ; above = dirname(above)) {
    const directory = await stat(above);
    const bit =
      directory.uid === uid ? 0o100 : directory.gid === gid ? 0o010 : 0o001;
    if ((directory.mode & bit) === 0) return false;
    if (above === dirname(above)) return true;
  }
};
