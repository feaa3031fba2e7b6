/**
 * Every question of the operators' page, asked of the real API over a database with a million archived jobs, a
 * hundred thousand dead letters and ten thousand runs of flows; and what an open overview costs the database.
 *
 *     npx pnpm bench:dashboard [--rounds 20] [--seconds 60] [--reuse] [--only JobS,FlowRuns]
 *
 * `--reuse` takes the database of the run before. Needs Chromium. Writes bench/results/dashboard.json and .svg;
 * ends with 1 if a question takes more than 300 ms at p95, or the overview more than 2 % of a core.
 */
import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { buildDashboard } from '../../src/local/dashboard.ts';
import { plot } from '../flows/plot.ts';
import { percentile, rounded } from '../host/statistics.ts';
import { keep, recorded } from '../recording.ts';
import { overviewCost } from './cost.ts';
import { pageDocuments } from './documents.ts';
import { type Question, questionsOf } from './questions.ts';
import { operatorSecret, startWorld } from './world.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '60' },
    reuse: { type: 'boolean', default: false },
    only: { type: 'string' },
    jobs: { type: 'string', default: '1000000' },
    'dead-letters': { type: 'string', default: '100000' },
    runs: { type: 'string', default: '10000' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const sizes = {
  archived: Number(values.jobs),
  deadLetters: Number(values['dead-letters']),
  runs: Number(values.runs),
};

/** Milliseconds at p95, and share of a core. */
const aims = { p95: 300, overview: 0.02 };
/** Milliseconds of a round at least: the overview of the round before is not fresh any more. */
const longestRound = 2_500;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** What is followed is asked once: the answer costs the same. */
const asQuery = ({ document: { operation, text } }: Question): string =>
  operation === 'subscription'
    ? text.replace(/\bsubscription\b/, 'query')
    : text;

const ask = async (url: string, question: Question): Promise<number> => {
  const begun = performance.now();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${operatorSecret}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      query: asQuery(question),
      variables: question.variables,
    }),
  });
  const { errors } = (await response.json()) as { errors?: unknown };
  const took = performance.now() - begun;
  if (errors)
    throw new Error(
      `${question.document.name}, ${question.as}: ${JSON.stringify(errors)}`,
    );
  return took;
};

await buildDashboard(say);
const world = await startWorld(sizes, values.reuse, say);
try {
  const only = values.only?.split(',');
  const questions = (
    await questionsOf(world.con, await pageDocuments())
  ).filter(({ document }) => !only || only.includes(document.name));
  const measured = questions.map((question) => ({
    question,
    took: [] as number[],
  }));
  for (let round = 0; round <= rounds; round++) {
    const atLeast = delay(longestRound);
    for (const { question, took } of measured) {
      const milliseconds = await ask(world.url, question);
      // The first one opens connections and fills caches.
      if (round > 0) took.push(milliseconds);
    }
    await atLeast;
  }
  const results = measured.map(({ question: { document, as }, took }) => ({
    screen: document.screen,
    document: document.name,
    as,
    p50: rounded(percentile(took, 0.5)),
    p95: rounded(percentile(took, 0.95)),
  }));
  console.table(results);
  const slow = results.filter(({ p95 }) => p95 > aims.p95);
  for (const { document, as, p95 } of slow)
    say(`${document}, ${as}: ${p95} ms at p95, expected at most ${aims.p95}`);
  const cost = seconds > 0 ? await overviewCost(world, seconds) : undefined;
  const share = cost && cost.looking - cost.idle;
  if (cost)
    say(
      `an open overview costs the database ${(100 * (cost.looking - cost.idle)).toFixed(2)} % of a core (idle: ${(100 * cost.idle).toFixed(2)} %)`,
    );
  if (slow.length > 0 || (share !== undefined && share > aims.overview))
    process.exitCode = 1;
  if (!only) {
    await keep(
      'dashboard',
      recorded('npx pnpm bench:dashboard', {
        sizes,
        rounds,
        units: 'milliseconds; shares of a core',
        aims,
        overview: cost && { ...cost, share },
        results,
      }),
    );
    const byScreen = Object.entries(
      Object.groupBy(results, ({ document }) => document),
    ).map(([document, alike = []]) => {
      const worst = alike.reduce((one, other) =>
        other.p95 > one.p95 ? other : one,
      );
      return {
        label: document,
        value: worst.p95,
        shown: `${worst.p95} ms: ${worst.as}`,
        isOurs: true,
      };
    });
    await writeFile(
      new URL('../results/dashboard.svg', import.meta.url),
      plot([
        {
          title: `Slowest answer of each question at p95, of ${aims.p95} ms allowed`,
          bars: byScreen,
        },
      ]),
    );
  }
} finally {
  await world.stop();
}
process.exit();
