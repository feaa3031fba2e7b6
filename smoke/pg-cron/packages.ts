import { existsSync, readdirSync } from 'node:fs';

import { runChild } from '../child.ts';

const root = '/usr/lib/postgresql';

/** Debian's packages, of which the second brings pg_cron for the first. */
const packages = ['postgresql-15', 'postgresql-15-cron'];

/** Folder of the binaries of an installed Postgres that has pg_cron; the newest, if there are several. */
const findInstalled = (): string | undefined =>
  (existsSync(root) ? readdirSync(root) : [])
    .sort((a, b) => Number(b) - Number(a))
    .filter((version) => existsSync(`${root}/${version}/lib/pg_cron.so`))
    .map((version) => `${root}/${version}/bin`)
    .find((folder) => existsSync(`${folder}/postgres`));

/** There is no Postgres with pg_cron, and this process may not install one. */
export class PgCronMissingError extends Error {
  override readonly name = 'PgCronMissingError';

  constructor() {
    super(
      `expected Postgres with pg_cron under ${root}, found none; ` +
        `install it with: sudo apt-get install ${packages.join(' ')}`,
    );
  }
}

/**
 * Finds Postgres with pg_cron, or installs it with apt-get where this process runs as root.
 *
 * @returns the folder of its binaries
 * @throws PgCronMissingError
 */
export const ensurePgCron = async (
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<string> => {
  const installed = findInstalled();
  if (installed !== undefined) {
    print(`uses the Postgres in ${installed}`);
    return installed;
  }
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    throw new PgCronMissingError();
  print(`installs ${packages.join(' and ')} with apt-get`);
  for (const args of [
    ['update'],
    ['install', '--yes', '--no-install-recommends', ...packages],
  ])
    await runChild({
      command: ['apt-get', ...args],
      cwd: '/',
      env: { DEBIAN_FRONTEND: 'noninteractive' },
      timeout: 10 * 60_000,
      signal,
      onLine: (line) => print(`apt-get | ${line}`),
    });
  const found = findInstalled();
  if (found === undefined) throw new PgCronMissingError();
  return found;
};
