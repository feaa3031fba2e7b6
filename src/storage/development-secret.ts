import { randomBytes } from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/**
 * A secret for development, where nobody has set one: made up once and kept in a file of the folder, so that the
 * process that signs a link and the one that verifies it have the same.
 */
export const developmentSecret = (folder: string): string => {
  const path = join(folder, 'link-secret');
  const own = `${path}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(own, randomBytes(32).toString('base64url'), { mode: 0o600 });
  try {
    // Of several processes at once one makes it; each reads it whole.
    linkSync(own, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(own, { force: true });
  }
  return readFileSync(path, 'utf8');
};
