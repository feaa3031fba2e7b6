import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import type { DataSource } from 'typeorm';

import { startFlow } from '../../src/flows/index.ts';
import { wide } from './flows.ts';

/** Seconds after which a run is given up. */
const limit = 60;

const start = async (url: string): Promise<ChildProcess> => {
  const child = fork(new URL('./process.ts', import.meta.url), [url], {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, LOG_LEVEL: 'warn' },
  });
  await once(child, 'message');
  return child;
};

const stop = async (child: ChildProcess): Promise<void> => {
  const exit = once(child, 'exit');
  child.disconnect();
  await exit;
};

/** Seconds that a run takes, by the clock of the database. */
const secondsOf = async (
  con: DataSource,
  items: number,
  waits: number,
): Promise<number> => {
  const { manager } = con;
  const { id } = await startFlow(wide, { items, waits }, { manager });
  for (let look = 0; look < limit * 20; look++) {
    const [row] = await con.query<{ state: string; seconds: number }[]>(
      `select state, extract(epoch from ended_at - created_at)::float8 as seconds from flow_run where id = $1`,
      [id],
    );
    if (row?.state === 'completed') return row.seconds;
    await delay(50);
  }
  throw new Error(`expected a map of ${items} items to end in ${limit} s`);
};

/**
 * How long a map takes with more and more worker processes, round by round: each process is warm before it counts.
 *
 * @returns seconds of each round, for each number of processes
 */
export const measureMap = async (
  con: DataSource,
  url: string,
  {
    items,
    rounds,
    workers,
    waits,
  }: {
    readonly items: number;
    readonly rounds: number;
    readonly workers: readonly number[];
    readonly waits: number;
  },
): Promise<Record<number, number[]>> => {
  const children: ChildProcess[] = [];
  const seconds: Record<number, number[]> = {};
  try {
    for (const count of workers) {
      while (children.length < count) children.push(await start(url));
      await secondsOf(con, count * 50, 0);
      seconds[count] = [];
      for (let round = 0; round < rounds; round++)
        seconds[count].push(await secondsOf(con, items, waits));
    }
    return seconds;
  } finally {
    await Promise.all(children.map(stop));
  }
};
