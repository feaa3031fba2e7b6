import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Where the local stack keeps what it has to find again. */
export interface LocalHome {
  readonly directory: string;
  /** The Postgres data directory. */
  readonly postgres: string;
  /** The data directory of the Pub/Sub server. */
  readonly pubsub: string;
  /** How to reach the running stack; see stack-state.ts. */
  readonly state: string;
  /** Held by the process that runs the stack, as long as it lives. */
  readonly lock: string;
  /** What the stack's process says. */
  readonly log: string;
  /** The API's secret in development. */
  readonly apiSecret: string;
  /** The operators' secret in development. */
  readonly operatorSecret: string;
  /** The job API's secret in development. */
  readonly jobApiSecret: string;
  /** The secret in development of whoever has jobs run. */
  readonly workerSecret: string;
}

/** Makes the directory of a local stack, readable by its owner alone. @default config NIGHTSHIFT_HOME */
export const openHome = async (home: string): Promise<LocalHome> => {
  const directory = resolve(home);
  await mkdir(directory, { recursive: true });
  return {
    directory,
    postgres: join(directory, 'postgres'),
    pubsub: join(directory, 'pubsub'),
    state: join(directory, 'stack.json'),
    lock: join(directory, 'stack.lock'),
    log: join(directory, 'stack.log'),
    apiSecret: join(directory, 'api-secret'),
    operatorSecret: join(directory, 'operator-secret'),
    jobApiSecret: join(directory, 'job-api-secret'),
    workerSecret: join(directory, 'worker-secret'),
  };
};

/** A secret of development: made once, so that a command line keeps working after a restart. */
export const developmentSecret = async (file: string): Promise<string> => {
  try {
    await writeFile(file, randomBytes(24).toString('hex'), {
      flag: 'wx',
      mode: 0o600,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return (await readFile(file, 'utf8')).trim();
};
