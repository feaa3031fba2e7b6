import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import type { DataSource } from 'typeorm';

import { createDataSource } from '../../src/data-source.ts';
import { startAnyFlow } from '../../src/flows/index.ts';
import { effectSql, type Kind, kinds } from './flows.ts';

/** Seconds after which a run is given up. */
const limit = 60;

/** Items that a worker runs of each kind before it counts, so that its code is compiled and its plans are made. */
const warmUp = 600;

const startWorker = async (url: string): Promise<ChildProcess> => {
  const child = fork(new URL('./process.ts', import.meta.url), [url], {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, LOG_LEVEL: 'warn' },
  });
  await once(child, 'message');
  return child;
};

const stopWorker = async (child: ChildProcess): Promise<void> => {
  const exit = once(child, 'exit');
  child.disconnect();
  await exit;
};

/** Seconds that a run takes, by the clock of the database. */
const secondsOf = async (
  con: DataSource,
  kind: Kind,
  items: number,
): Promise<number> => {
  const { manager } = con;
  const { flow, waits } = kinds[kind];
  const { id } = await startAnyFlow(flow, { items, waits }, { manager });
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

/** Some workers with a database of their own. */
interface Group {
  readonly con: DataSource;
  readonly workers: readonly ChildProcess[];
}

const startGroup = async (url: string, count: number): Promise<Group> => {
  const con = await createDataSource({ url, poolSize: 2 }).initialize();
  await con.runMigrations();
  await con.query(effectSql);
  const workers: ChildProcess[] = [];
  while (workers.length < count) workers.push(await startWorker(url));
  return { con, workers };
};

const stopGroup = async ({ con, workers }: Group): Promise<void> => {
  await Promise.all(workers.map(stopWorker));
  await con.destroy();
};

/** Seconds of processor time that its workers have used. */
const used = async ({ workers }: Group): Promise<number> => {
  const answers = workers.map(async (worker) => {
    const answer = once(worker, 'message');
    worker.send('used');
    return ((await answer) as [number])[0];
  });
  return (await Promise.all(answers)).reduce((sum, each) => sum + each, 0);
};

export interface MapRound {
  readonly kind: Kind;
  readonly workers: number;
  readonly seconds: number;
  /** Seconds of processor time of the workers; Postgres's own is not in it. */
  readonly used: number;
}

export interface MapOptions {
  readonly items: number;
  readonly rounds: number;
  /** How many worker processes, each number in a database of its own. */
  readonly workers: readonly number[];
  readonly kinds: readonly Kind[];
  /** A fresh database. */
  readonly database: () => Promise<string>;
  readonly onRound: (round: MapRound) => void;
}

/**
 * How long a map takes with more and fewer worker processes. All run from the beginning, as in production, and wait
 * while others are measured; the rounds are interleaved, so that none has a better hour of the machine.
 */
export const measureMap = async ({
  items,
  rounds,
  workers,
  database,
  onRound,
  ...options
}: MapOptions): Promise<MapRound[]> => {
  const groups = new Map<number, Group>();
  const measured: MapRound[] = [];
  try {
    for (const count of workers)
      groups.set(count, await startGroup(await database(), count));
    for (const kind of options.kinds)
      for (const [count, { con }] of groups)
        await secondsOf(con, kind, count * warmUp);
    for (let round = 0; round < rounds; round++)
      for (const kind of options.kinds)
        for (const [count, group] of groups) {
          const before = await used(group);
          const seconds = await secondsOf(group.con, kind, items);
          const one = {
            kind,
            workers: count,
            seconds,
            used: (await used(group)) - before,
          };
          onRound(one);
          measured.push(one);
        }
    return measured;
  } finally {
    await Promise.all([...groups.values()].map(stopGroup));
  }
};
