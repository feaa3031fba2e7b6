import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { median } from '../../bench/host/statistics.ts';

const run = promisify(execFile);

/** How much more a process may hold at the end than after its warm-up. */
export const GROWTH_ALLOWED = 1.1;

/** Resident memory of a process, in MiB. */
export const residentMegabytes = async (pid: number): Promise<number> => {
  const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout.trim()) / 1024;
};

/** The medians of the quarters of a series, and how the last compares with the second. */
export interface Growth {
  readonly quarters: readonly number[];
  /** The first quarter is warm-up. */
  readonly growth: number;
}

export const growthOf = (samples: readonly number[]): Growth => {
  const size = Math.floor(samples.length / 4);
  const quarters = [0, 1, 2, 3].map((quarter) =>
    median(samples.slice(quarter * size, (quarter + 1) * size)),
  );
  const [, second = NaN, , last = NaN] = quarters;
  return { quarters, growth: last / second };
};
