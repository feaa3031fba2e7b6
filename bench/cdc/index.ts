/**
 * The streamer beside Debezium Server: the same tables, the same broker, the same slot, one after the other.
 *
 *     npx pnpm bench:cdc [--rows 60000] [--rounds 1] [--transaction 1000000] [--only streamer] [--json]
 *
 * Needs Java 21 or newer and Maven, which fetches Debezium Server; `--only streamer` does not. Writes
 * `bench/results/cdc.json` and `cdc.svg` when both ran.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { declaredVersion } from '../../debezium/distribution.ts';
import { keep, recorded } from '../recording.ts';
import { type Contender, contenders } from './contenders.ts';
import { type Load, loads, populate } from './load.ts';
import { drain, latency, transaction } from './measures.ts';
import { plotCapture } from './plot.ts';
import { type Measured, megabytes, round, summaryOf } from './summary.ts';
import { beginWorld, type World } from './world.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '60000' },
    rounds: { type: 'string', default: '1' },
    transaction: { type: 'string', default: '1000000' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const wholeNumber = (name: string, text: string, most: number): number => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > most)
    throw new Error(
      `expected --${name} to be a whole number from 0 to ${most}, got: ${text}`,
    );
  return number;
};

const rows = wholeNumber('rows', values.rows, 5_000_000);
const rounds = wholeNumber('rounds', values.rounds, 20);
const transactionRows = wholeNumber(
  'transaction',
  values.transaction,
  5_000_000,
);
const chosen = contenders.filter(
  (contender) => !values.only || values.only === contender,
);

const say = (text: string) => {
  if (!values.json) console.log(text);
};
const results = new Map<Contender, Measured>(
  chosen.map((contender) => [
    contender,
    { drained: { updates: [], inserts: [] }, latency: [], failures: [] },
  ]),
);

/** Debezium Server now and then hangs on its publisher until it gives up by itself. */
const mostAttempts = 3;

/** Measures, again if the contender fails, which is said and counted; what it left in the slot is passed over. */
const attempt = async <Result>(
  world: World,
  contender: Contender,
  measured: Measured,
  measure: () => Promise<Result>,
): Promise<Result> => {
  for (let number = 1; ; number += 1)
    try {
      return await measure();
    } catch (error) {
      if (number === mostAttempts || !(error instanceof Error)) throw error;
      measured.failures.push(error.message);
      say(`${contender} failed and is measured again: ${error.message}`);
      await world.passOver();
    }
};

const measureAll = async (): Promise<void> => {
  const world = await beginWorld();
  try {
    await populate(world.sql);
    for (let number = 1; number <= rounds; number += 1)
      for (const [contender, measured] of results) {
        for (const load of Object.keys(loads) as Load[]) {
          if (rows === 0) continue;
          const drained = await attempt(world, contender, measured, () =>
            drain(world, contender, load, rows),
          );
          measured.drained[load].push(drained);
          say(
            `${number} ${contender} ${load}: ${round(drained.rowsPerSecond)} rows/s, ` +
              `${round(drained.cpuMicrosecondsPerRow)} µs of CPU a row; cores: ${round(drained.cores.contender)}, ` +
              `broker ${round(drained.cores.broker)}, Postgres ${round(drained.cores.postgres)}`,
          );
        }
        const waited = await attempt(world, contender, measured, () =>
          latency(world, contender, { changesPerSecond: 100, seconds: 10 }),
        );
        measured.latency.push(waited);
        say(
          `${number} ${contender}: commit to publish p50 ${round(waited.p50)} ms, p99 ${round(waited.p99)} ms`,
        );
      }
    const streamer = results.get('streamer');
    if (streamer && transactionRows > 0) {
      const whole = await transaction(world, 'streamer', transactionRows);
      streamer.transaction = whole;
      say(
        `streamer, one transaction of ${whole.rows} rows: ${round(whole.rowsPerSecond)} rows/s, ` +
          `${megabytes(whole.resident)} MB before, ${megabytes(whole.peak)} MB at most`,
      );
    }
  } finally {
    await world.end();
  }
};

const verdict = (isMet: boolean, text: string): string =>
  `${isMet ? 'met   ' : 'MISSED'}  ${text}`;

await measureAll();
const streamer = results.get('streamer');
const debezium = results.get('debezium');
if (streamer && debezium) {
  const ours = summaryOf(streamer);
  const theirs = summaryOf(debezium);
  const ratios = {
    updates: round(ours.updatesPerSecond / theirs.updatesPerSecond),
    inserts: round(ours.insertsPerSecond / theirs.insertsPerSecond),
    cpuPerUpdate: round(
      theirs.cpuMicrosecondsPerUpdate / ours.cpuMicrosecondsPerUpdate,
    ),
    cpuPerInsert: round(
      theirs.cpuMicrosecondsPerInsert / ours.cpuMicrosecondsPerInsert,
    ),
    latency: round(
      ours.commitToPublishMilliseconds.p50 /
        theirs.commitToPublishMilliseconds.p50,
    ),
  };
  const peak = ours.transaction?.residentMegabytesAtMost ?? NaN;
  const verdicts = [
    verdict(
      ratios.updates >= 2,
      `updates of few keys: ${ratios.updates} times Debezium's rows/s (aim: at least 2)`,
    ),
    verdict(
      ratios.inserts >= 2,
      `inserts, a key each: ${ratios.inserts} times Debezium's rows/s (aim: at least 2)`,
    ),
    `        CPU a row: Debezium takes ${ratios.cpuPerUpdate} times the streamer's for updates, ${ratios.cpuPerInsert} times for inserts`,
    verdict(
      ratios.latency <= 0.1,
      `commit to publish: ${ratios.latency} of Debezium's p50 (aim: at most 0.1)`,
    ),
    verdict(
      peak < 150,
      `memory in a transaction of ${transactionRows} rows: ${peak} MB (aim: less than 150)`,
    ),
  ];
  const document = recorded(
    ['npx pnpm bench:cdc', ...process.argv.slice(2)].join(' '),
    {
      debezium: await declaredVersion(),
      rows,
      rounds,
      streamer: ours,
      debeziumServer: theirs,
      ratios,
      verdicts,
    },
  );
  await keep('cdc', document);
  await writeFile(
    new URL('../results/cdc.svg', import.meta.url),
    plotCapture(ours, theirs),
  );
  console.log(values.json ? JSON.stringify(document) : verdicts.join('\n'));
}
