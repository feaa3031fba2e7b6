/**
 * Runs the tests of change data capture on the oldest Postgres that is supported, in place of the embedded one:
 * publication, slot, streamer, recovery and take-over know what differs.
 *
 *     npx pnpm test:postgres-15
 *     POSTGRES_PROGRAMS=/usr/lib/postgresql/16/bin npx pnpm test:postgres-15
 *
 * Needs that Postgres; on Debian: apt-get install postgresql-15. The server is one of its own, in a temporary
 * directory.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { join } from 'node:path';

/** Where Debian has it. */
const programs =
  process.env['POSTGRES_PROGRAMS'] ?? '/usr/lib/postgresql/15/bin';

try {
  await access(join(programs, 'postgres'));
} catch {
  process.stderr.write(
    `expected the programs of Postgres in ${programs}, found none; install postgresql-15, or set POSTGRES_PROGRAMS\n`,
  );
  process.exit(1);
}

const jest = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    ...(process.argv.length > 2
      ? process.argv.slice(2)
      : ['--maxWorkers=2', '__tests__/cdc/']),
  ],
  {
    stdio: 'inherit',
    env: { ...process.env, TEST_POSTGRES_PROGRAMS: programs },
  },
);
const [code] = (await once(jest, 'exit')) as [number | null];
process.exitCode = code ?? 1;
