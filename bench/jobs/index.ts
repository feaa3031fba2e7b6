/**
 * Jobs side by side on this machine, in one run: our dispatcher, graphile-worker, BullMQ on Redis and on
 * Postgres, and pg-boss by its own work(), as it comes and at its fastest.
 *
 *     npx pnpm bench:jobs [--jobs 20000] [--rounds 3] [--latency 500]
 *
 * Redis is Debian's package redis-server; without it that contender is left out, and said so. Writes
 * bench/results/jobs.json.
 */
import { parseArgs } from 'node:util';

import { median, rounded } from '../host/statistics.ts';
import { keep, recorded } from '../recording.ts';
import { openBullMqOnPostgres, openBullMqOnRedis } from './bullmq.ts';
import type { Contender, Places } from './contender.ts';
import { openGraphileWorker } from './graphile-worker.ts';
import {
  addInBulk,
  addSingly,
  drain,
  latency,
  type Latencies,
} from './measures.ts';
import { openNightshift } from './nightshift.ts';
import { openBarePgBoss, openBatchedPgBoss } from './pg-boss.ts';
import { redisSettings, startPlaces } from './places.ts';
import { drainTenants, startEnterprise } from './tenants.ts';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '3' },
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
/** pg-boss as it comes runs a fraction of the others' rate: fewer jobs give the same figure sooner. */
const fewer = 0.1;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const places = await startPlaces();
const openers: ((places: Places) => Promise<Contender>)[] = [
  openNightshift,
  openGraphileWorker,
  openBullMqOnPostgres,
  openBatchedPgBoss,
  openBarePgBoss,
];
if (places.redis) openers.splice(2, 0, openBullMqOnRedis);
else say('redis-server is not installed: BullMQ on Redis is left out');

interface Result {
  readonly single: number[];
  readonly bulk: number[];
  readonly drain: number[];
  latency?: Latencies;
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
  const count = open === openBarePgBoss ? Math.ceil(jobs * fewer) : jobs;
  result.bulk.push(await addInBulk(contender, count));
  result.drain.push(await drain(contender, count, concurrency));
  result.single.push(await addSingly(contender, singles));
  await drain(contender, singles, concurrency, 20);
  if (isLast)
    result.latency = await latency(contender, latencyJobs, concurrency);
  say(
    `${name}: bulk ${result.bulk.at(-1)}/s, one by one ${result.single.at(-1)}/s, drained ${result.drain.at(-1)}/s` +
      (result.latency ? `, latency ${JSON.stringify(result.latency)}` : ''),
  );
};

/** The median of the ratios of the same round. */
const ratio = (
  above: readonly number[] = [],
  below: readonly number[] = [],
): number =>
  rounded(median(above.map((rate, round) => rate / (below[round] ?? NaN))));

try {
  const tenants = { open: [] as number[], capped: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const isLast = round === rounds - 1;
    const isOdd = round % 2 === 1;
    const order = isOdd ? [...openers].reverse() : openers;
    for (const open of order) await measure(open, isLast);
    const kinds = ['open', 'capped'] as const;
    for (const kind of isOdd ? [...kinds].reverse() : kinds) {
      const rate = await drainTenants(
        await places.database(),
        jobs,
        concurrency,
        kind === 'capped',
      );
      tenants[kind].push(rate);
      say(`200 tenants, ${kind}: ${rate}/s`);
    }
  }
  const enterprise = await startEnterprise(await places.database());
  const drainOf = (name: string) => results.get(name)?.drain;
  const ours = drainOf('nightshift');
  const ratios = {
    'drain : pg-boss work() (aim 15)': ratio(ours, drainOf('pg-boss work()')),
    'drain : pg-boss work(), batches': ratio(
      ours,
      drainOf('pg-boss work(), batches'),
    ),
    'drain : BullMQ on Redis (aim 1)': ratio(ours, drainOf('BullMQ on Redis')),
    'drain : BullMQ on Postgres': ratio(ours, drainOf('BullMQ on Postgres')),
    'drain : graphile-worker': ratio(ours, drainOf('graphile-worker')),
    'capped drain : uncapped, 200 tenants (aim 0.8)': ratio(
      tenants.capped,
      tenants.open,
    ),
  };
  console.table(
    [...results].map(([name, { bulk, single, drain, latency }]) => ({
      name,
      'bulk/s': rounded(median(bulk)),
      'one by one/s': rounded(median(single)),
      'drain/s': rounded(median(drain)),
      'p50 ms': latency?.fromCommit.p50,
      'p99 ms': latency?.fromCommit.p99,
    })),
  );
  for (const [name, value] of Object.entries(ratios)) say(`${name}: ${value}`);
  say(
    `enterprise jobs behind a backlog (aim: p99 50 ms): ${JSON.stringify(enterprise)}`,
  );
  await keep(
    'jobs',
    recorded('npx pnpm bench:jobs', {
      redis: places.redis ? redisSettings.join(' ') : null,
      jobs,
      rounds,
      concurrency,
      units: 'jobs a second, milliseconds; ratios are medians of rounds',
      contenders: Object.fromEntries(results),
      tenants,
      enterprise,
      ratios,
    }),
  );
} finally {
  await places.stop();
}
process.exit(0);
