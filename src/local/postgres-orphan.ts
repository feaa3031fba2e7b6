import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import pg from 'pg';

/** Milliseconds that a server may take to stop. */
const patience = 30_000;

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Whether the server at a port works on this directory: a process id alone may be another's by now. */
const serves = async (port: number, directory: string): Promise<boolean> => {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    database: 'postgres',
    // One that is slow, as on a busy machine, is the orphan all the same.
    connectionTimeoutMillis: 15_000,
  });
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>(
      'show data_directory',
    );
    const [row] = rows;
    return (
      row !== undefined &&
      (await realpath(row.data_directory)) === (await realpath(directory))
    );
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
};

/**
 * Stops the server on a data directory whose owner was killed. Its file `postmaster.pid` says who
 * and where it is (line 1: process id, line 4: port).
 *
 * @returns whether there was one.
 */
export const stopOrphan = async (directory: string): Promise<boolean> => {
  const file = await readFile(join(directory, 'postmaster.pid'), 'utf8').catch(
    () => '',
  );
  const lines = file.split('\n');
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!(pid > 1 && port > 0 && isAlive(pid))) return false;
  if (!(await serves(port, directory))) return false;
  process.kill(pid, 'SIGINT');
  // The process is no child of ours: nobody tells when it ends.
  for (let waited = 0; isAlive(pid) && waited < patience; waited += 50)
    await delay(50);
  return true;
};
