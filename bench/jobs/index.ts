/**
 * Jobs side by side on this machine, in one run: our dispatcher, graphile-worker, BullMQ on Redis and on
 * Postgres, and pg-boss by its own work().
 *
 *     npx pnpm bench:jobs [--jobs 20000] [--rounds 2] [--latency 500]
 *
 * Redis is Debian's package redis-server; without it that contender is left out, and said so. Writes
 * bench/results/jobs.json.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { openBullMqOnPostgres, openBullMqOnRedis } from './bullmq.ts';
import type { Contender, Places } from './contender.ts';
import { openGraphileWorker } from './graphile-worker.ts';
import {
  addInBulk,
  addSingly,
  drain,
  latency,
  percentile,
} from './measures.ts';
import { openNightshift } from './nightshift.ts';
import { openPgBoss } from './pg-boss.ts';
import { startPlaces } from './places.ts';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '2' },
    latency: { type: 'string', default: '500' },
  },
});
const jobs = Number(values.jobs);
const rounds = Number(values.rounds);
const latencyJobs = Number(values.latency);

/** Jobs at once, of every contender. */
const concurrency = 100;
/** Created one by one. */
const singles = 2_000;

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const median = (rates: readonly number[]): number => percentile(rates, 0.5);

const places = await startPlaces();
const openers: ((places: Places) => Promise<Contender>)[] = [
  openNightshift,
  openGraphileWorker,
  openBullMqOnPostgres,
  openPgBoss,
];
if (places.redis) openers.splice(2, 0, openBullMqOnRedis);
else say('redis-server is not installed: BullMQ on Redis is left out');

interface Result {
  readonly single: number[];
  readonly bulk: number[];
  readonly drain: number[];
  latency?: { p50: number; p99: number };
}

const results = new Map<string, Result>();

const measure = async (
  open: (typeof openers)[number],
  isLast: boolean,
): Promise<void> => {
  await places.flushRedis();
  await using contender = await open({
    postgres: await places.database(),
    redis: places.redis,
  });
  const { name } = contender;
  const result = results.get(name) ?? { single: [], bulk: [], drain: [] };
  results.set(name, result);
  // pg-boss runs a fraction of the others' rate: fewer jobs give the same figure sooner.
  const count = name.startsWith('pg-boss') ? Math.ceil(jobs / 4) : jobs;
  result.bulk.push(await addInBulk(contender, count));
  result.drain.push(await drain(contender, count, concurrency));
  result.single.push(await addSingly(contender, singles));
  await drain(contender, singles, concurrency, 20);
  if (isLast) result.latency = await latency(contender, latencyJobs);
  say(
    `${name}: bulk ${result.bulk.at(-1)}/s, one by one ${result.single.at(-1)}/s, drained ${result.drain.at(-1)}/s` +
      (result.latency
        ? `, p50 ${result.latency.p50.toFixed(1)} ms, p99 ${result.latency.p99.toFixed(1)} ms`
        : ''),
  );
};

/** pg-boss as most use it: one worker, one job a fetch. */
const bareWork = async (): Promise<number> => {
  await using contender = await openPgBoss({
    postgres: await places.database(),
    redis: undefined,
  });
  await addInBulk(contender, 200);
  return await drain(contender, 200, 1, 10);
};

/** Tenants with a cap that just suffices for all slots. */
const cappedDrain = async (): Promise<number> => {
  const tenants = 200;
  await using contender = await openNightshift(
    { postgres: await places.database(), redis: undefined },
    { tenantConcurrency: 2 },
  );
  for (let from = 0; from < jobs; from += 1_000)
    await contender.addJobs(
      Array.from({ length: Math.min(1_000, jobs - from) }, (_, index) => ({
        tenant: `tenant-${(from + index) % tenants}`,
        payload: JSON.stringify({ number: from + index }),
      })),
    );
  return await drain(contender, jobs, concurrency);
};

/** Enterprise jobs that come while a backlog of 50,000 is worked off. */
const enterprise = async (): Promise<{ p50: number; p99: number }> => {
  const backlog = 50_000;
  const count = 200;
  await using contender = await openNightshift(
    { postgres: await places.database(), redis: undefined },
    { concurrency: 16, enterpriseSlots: 4 },
  );
  for (let from = 0; from < backlog; from += 5_000)
    await contender.addJobs(
      Array.from({ length: 5_000 }, () => ({
        tenant: 'flood',
        payload: '{"number":-1}',
      })),
    );
  const addedAt: number[] = [];
  const waits: number[] = [];
  const worker = await contender.work(16, (number) => {
    if (number >= 0)
      waits.push(Math.max(0, performance.now() - addedAt[number]!));
  });
  for (let number = 0; number < count; number++) {
    addedAt[number] = performance.now();
    await contender.addJobs([
      {
        tenant: 'big',
        tier: 'enterprise',
        payload: JSON.stringify({ number }),
      },
    ]);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  while (waits.length < count)
    await new Promise((resolve) => setTimeout(resolve, 10));
  await worker.stop();
  return { p50: percentile(waits, 0.5), p99: percentile(waits, 0.99) };
};

try {
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? openers : [...openers].reverse();
    for (const open of order) await measure(open, round === rounds - 1);
  }
  const bare = await bareWork();
  const capped = await cappedDrain();
  const lane = await enterprise();
  const rows = [...results].map(([name, result]) => ({
    name,
    bulkPerSecond: median(result.bulk),
    onePerSecond: median(result.single),
    drainPerSecond: median(result.drain),
    latencyP50: Number(result.latency?.p50.toFixed(1)),
    latencyP99: Number(result.latency?.p99.toFixed(1)),
  }));
  console.table(rows);
  const drainOf = (name: string): number | undefined =>
    rows.find((row) => row.name === name)?.drainPerSecond;
  const ours = drainOf('nightshift') ?? NaN;
  const ratios = {
    'drain : bare pg-boss.work() (aim 15)': ours / bare,
    'drain : BullMQ on Redis (aim 1)':
      ours / (drainOf('BullMQ on Redis') ?? NaN),
    'drain : BullMQ on Postgres': ours / (drainOf('BullMQ on Postgres') ?? NaN),
    'drain : graphile-worker': ours / (drainOf('graphile-worker') ?? NaN),
    'capped drain : drain (aim 0.8)': capped / ours,
  };
  for (const [name, ratio] of Object.entries(ratios))
    say(`${name}: ${ratio.toFixed(2)}`);
  say(
    `enterprise jobs behind a backlog of 50,000: p50 ${lane.p50.toFixed(1)} ms, p99 ${lane.p99.toFixed(1)} ms (aim 50)`,
  );
  await mkdir('bench/results', { recursive: true });
  await writeFile(
    'bench/results/jobs.json',
    `${JSON.stringify({ jobs, rounds, concurrency, rows, barePgBossPerSecond: bare, cappedDrainPerSecond: capped, enterprise: lane, ratios }, undefined, 2)}\n`,
  );
} finally {
  await places.stop();
}
process.exit(0);
