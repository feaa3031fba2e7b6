/**
 * Flows on this machine, in one run: a map of 2,000 items with 1, 2, 4 and 8 worker processes, in interleaved rounds; how
 * long it takes from the end of a step to the start of the next one while nothing else goes on; the same diamond by
 * pg-boss's flow().
 *
 *     npx pnpm bench:flows [--items 2000] [--rounds 5] [--runs 50]
 *
 * Writes bench/results/flows.json and flows.svg.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { pino } from 'pino';

import { createDataSource } from '../../src/data-source.ts';
import { Dispatcher } from '../../src/jobs/dispatch/dispatcher.ts';
import { median, percentile, rounded } from '../host/statistics.ts';
import { keep, recorded } from '../recording.ts';
import { startPlaces } from '../jobs/places.ts';
import { measureEdges } from './edges.ts';
import { type Kind, kinds, registry } from './flows.ts';
import { measureMap } from './map.ts';
import { asItComes, atItsFastest, measurePgBoss } from './pg-boss.ts';
import { plot } from './plot.ts';

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '5' },
    runs: { type: 'string', default: '50' },
  },
});
const items = Number(values.items);
const rounds = Number(values.rounds);
const runs = Number(values.runs);

const workers = [1, 2, 4, 8] as const;
const kindNames = Object.keys(kinds) as Kind[];

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const summaryOf = (edges: readonly number[]) => ({
  edges: edges.length,
  p50: rounded(percentile(edges, 0.5)),
  p99: rounded(percentile(edges, 0.99)),
});

const places = await startPlaces();
try {
  const url = await places.database();
  const con = await createDataSource({ url, poolSize: 25 }).initialize();
  await con.runMigrations();

  const dispatcher = new Dispatcher({
    con,
    url,
    registry,
    logger: pino({ level: 'warn' }),
  });
  await dispatcher.start();
  const chainEdges = summaryOf(await measureEdges(con, 'chain', runs));
  const diamondEdges = summaryOf(await measureEdges(con, 'diamond', runs));
  await dispatcher.drain();
  say(`edges of a chain: ${JSON.stringify(chainEdges)}`);
  say(`edges of a diamond: ${JSON.stringify(diamondEdges)}`);

  await con.destroy();

  const measured = await measureMap({
    items,
    rounds,
    workers,
    kinds: kindNames,
    database: () => places.database(),
    onRound: ({ kind, workers: count, seconds, used }) =>
      say(
        `${items} ${kind}, ${count} workers: ${seconds.toFixed(2)} s, of their processors ${used.toFixed(2)} s`,
      ),
  });
  const map = Object.fromEntries(
    kindNames.map((kind) => [
      kind,
      Object.fromEntries(
        workers.map((count) => [
          count,
          measured
            .filter((each) => each.kind === kind && each.workers === count)
            .map(({ seconds }) => rounded(seconds)),
        ]),
      ),
    ]),
  ) as Record<Kind, Record<number, number[]>>;
  const medians = Object.fromEntries(
    kindNames.map((kind) => [
      kind,
      Object.fromEntries(
        workers.map((count) => [count, median(map[kind][count] ?? [])]),
      ),
    ]),
  ) as Record<Kind, Record<number, number>>;

  const pgBoss = {
    'at its fastest': summaryOf(
      await measurePgBoss(await places.database(), 4, atItsFastest),
    ),
    'as it comes': summaryOf(
      await measurePgBoss(await places.database(), 2, asItComes),
    ),
  };
  say(`pg-boss flow(): ${JSON.stringify(pgBoss)}`);

  const ratios = {
    ...Object.fromEntries(
      kindNames.map((kind) => [
        `map of ${kind}, 8 workers : 1 (aim at most 1)`,
        rounded((medians[kind][8] ?? NaN) / (medians[kind][1] ?? NaN)),
      ]),
    ),
    'edge p50, pg-boss flow() at its fastest : nightshift': rounded(
      pgBoss['at its fastest'].p50 / diamondEdges.p50,
    ),
    'edge p50, pg-boss flow() as it comes : nightshift': rounded(
      pgBoss['as it comes'].p50 / diamondEdges.p50,
    ),
  };
  console.table(medians);
  console.table({
    'nightshift, chain': chainEdges,
    'nightshift, diamond': diamondEdges,
    'pg-boss flow(), at its fastest': pgBoss['at its fastest'],
    'pg-boss flow(), as it comes': pgBoss['as it comes'],
  });
  for (const [name, value] of Object.entries(ratios)) say(`${name}: ${value}`);
  await keep(
    'flows',
    recorded('npx pnpm bench:flows', {
      items,
      units:
        'seconds of a map, each round, interleaved, and their medians; milliseconds of an edge, from the end of a handler to the start of the next',
      map: medians,
      rounds: map,
      edges: { chain: chainEdges, diamond: diamondEdges, 'pg-boss': pgBoss },
      ratios,
    }),
  );
  const ours = (label: string, edges: { p50: number; p99: number }) => ({
    label,
    value: edges.p50,
    shown: `${edges.p50} (p99 ${edges.p99})`,
    isOurs: true,
  });
  await writeFile(
    new URL('../results/flows.svg', import.meta.url),
    plot([
      ...kindNames.map((kind) => ({
        title: `A map of ${items} ${kind}, seconds (less is better)`,
        bars: workers.map((count) => ({
          label: count === 1 ? '1 worker' : `${count} workers`,
          value: medians[kind][count] ?? 0,
          shown: String(medians[kind][count]),
          isOurs: true,
        })),
      })),
      {
        title:
          'From a step to the next, p50 in ms (less is better; logarithmic)',
        isLogarithmic: true,
        bars: [
          ours('nightshift, chain', chainEdges),
          ours('nightshift, diamond', diamondEdges),
          {
            ...ours('pg-boss, fastest', pgBoss['at its fastest']),
            isOurs: false,
          },
          {
            ...ours('pg-boss, as it comes', pgBoss['as it comes']),
            isOurs: false,
          },
        ],
      },
    ]),
  );
} finally {
  await places.stop();
}
process.exit(0);
