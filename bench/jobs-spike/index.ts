import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { freePort } from '../../src/local/ports.ts';
import { startPostgres } from '../../src/local/postgres.ts';
import { median, rounded } from '../host/statistics.ts';
import { keep, recorded } from '../recording.ts';
import { type CandidateName, names } from './candidates.ts';
import { databasesAt } from './databases.ts';
import {
  type FloodResult,
  measureDrain,
  measureEnqueue,
  measureErrors,
  measureFlood,
  measureKeys,
  measureLatency,
} from './measures.ts';
import type { Mode } from './port.ts';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '50000' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const USAGE = `node --import tsx bench/jobs-spike/index.ts [options]

Compares pg-boss with one table of our own as the place where jobs are kept: hard caps and fairness
beside a tenant's flood, history of errors, permanent idempotency keys, rates, latency, lines of code.
One Postgres of its own, two processes of 16 slots each, the candidates take turns.

  --jobs N     jobs of the flood; of the drain at most 20000 (50000)
  --rounds N   runs of each rate; the median counts (3)
  --json       print the result as one line of JSON

Writes bench/results/jobs-spike.json.
`;

const FILES: Record<CandidateName, string> = {
  pgBoss: 'pg-boss.ts',
  ownTable: 'own-table.ts',
};
/** Enough for some seconds. */
const MOST_DRAINED = 20_000;
const MODES: readonly Mode[] = ['open', 'soft', 'locked'];

const say = (line: string) => {
  process.stderr.write(`${line}\n`);
};

/** Lines that are neither empty nor a comment. */
const linesOf = async (file: string): Promise<number> =>
  (await readFile(new URL(file, import.meta.url), 'utf8'))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(\/\/|\/\*|\*)/.test(line)).length;

const forEach = async <Result>(
  measure: (name: CandidateName) => Promise<Result>,
): Promise<Record<CandidateName, Result>> => {
  const results: Partial<Record<CandidateName, Result>> = {};
  for (const name of names) results[name] = await measure(name);
  return results as Record<CandidateName, Result>;
};

/** Runs of all in turn, so that all see the same noise. @returns the rates of every round. */
const inTurn = async <Name extends string>(
  rounds: number,
  measures: Record<Name, () => Promise<number>>,
): Promise<Record<Name, number[]>> => {
  const keys = Object.keys(measures) as Name[];
  const rates = Object.fromEntries(
    keys.map((key) => [key, [] as number[]]),
  ) as Record<Name, number[]>;
  for (let round = 1; round <= rounds; round += 1)
    for (const key of keys) {
      const rate = await measures[key]();
      rates[key].push(rate);
      say(`${key} ${round}/${rounds}: ${Math.round(rate)}/s`);
    }
  return rates;
};

/** The median of the ratios of the same round. */
const ratio = (above: readonly number[], below: readonly number[]): number =>
  rounded(median(above.map((rate, round) => rate / (below[round] ?? NaN))));

const medians = <Name extends string>(
  rates: Record<Name, number[]>,
): Record<Name, number> =>
  Object.fromEntries(
    Object.entries<number[]>(rates).map(([key, values]) => [
      key,
      rounded(median(values)),
    ]),
  ) as Record<Name, number>;

const run = async (): Promise<void> => {
  const jobs = Number(values.jobs);
  const rounds = Number(values.rounds);
  const directory = await mkdtemp(join(tmpdir(), 'nightshift-bench-'));
  const postgres = await startPostgres({
    directory: join(directory, 'postgres'),
    port: await freePort(),
  });
  try {
    const databases = databasesAt(postgres.port);
    const errorsKept = await forEach((name) => measureErrors(databases, name));
    const keys = await forEach((name) => measureKeys(databases, name));
    const flood: Partial<Record<Mode, Record<CandidateName, FloodResult>>> = {};
    for (const mode of MODES)
      flood[mode] = await forEach(async (name) => {
        const result = await measureFlood(databases, name, mode, jobs);
        say(`flood ${mode} ${name}: ${JSON.stringify(result)}`);
        return result;
      });
    const drained = Math.min(jobs, MOST_DRAINED);
    const drain = await inTurn(rounds, {
      pgBoss: () => measureDrain(databases, 'pgBoss', drained),
      ownTable: () => measureDrain(databases, 'ownTable', drained),
    });
    const enqueue = await inTurn(rounds, {
      pgBossSilent: () => measureEnqueue(databases, 'pgBoss', false, 1.5),
      pgBossNotifying: () => measureEnqueue(databases, 'pgBoss', true, 1.5),
      ownTableSilent: () => measureEnqueue(databases, 'ownTable', false, 1.5),
      ownTableNotifying: () => measureEnqueue(databases, 'ownTable', true, 1.5),
    });
    const latency = await forEach((name) => measureLatency(databases, name, 6));
    const document = recorded('node --import tsx bench/jobs-spike/index.ts', {
      jobs,
      rounds,
      units: 'milliseconds, jobs or commits a second',
      flood,
      errorsKept,
      jobsMadeByOneKey: keys,
      drain: {
        ...medians(drain),
        ownToPgBoss: ratio(drain.ownTable, drain.pgBoss),
        jobs: drained,
        everyRound: drain,
      },
      enqueue: {
        ...medians(enqueue),
        everyRound: enqueue,
        ownToPgBossSilent: ratio(enqueue.ownTableSilent, enqueue.pgBossSilent),
        ownToPgBossNotifying: ratio(
          enqueue.ownTableNotifying,
          enqueue.pgBossNotifying,
        ),
        pgBossNotifyingToSilent: ratio(
          enqueue.pgBossNotifying,
          enqueue.pgBossSilent,
        ),
        ownTableNotifyingToSilent: ratio(
          enqueue.ownTableNotifying,
          enqueue.ownTableSilent,
        ),
      },
      latency,
      lines: {
        ...(await forEach((name) => linesOf(FILES[name]))),
        dispatcherOfBoth: await linesOf('dispatcher.ts'),
      },
    });
    await keep('jobs-spike', document);
    console.log(JSON.stringify(document, undefined, values.json ? 0 : 2));
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
    if (!postgres.directory.startsWith(directory))
      await rm(postgres.directory, { recursive: true, force: true });
  }
};

if (values.help) console.log(USAGE);
else await run();
