/**
 * The event path under failure: real processes and a real local stack, a load of numbered events, and
 * faults that a seed decides; at the end the effects are counted in the database.
 *
 *     npx pnpm test:chaos [--faults 30] [--minutes N] [--events N] [--seed N] [--part faults|poison] [--json]
 *
 * Everything runs on this machine in a temporary directory, and stops by itself. Exits with 1 if a
 * promise was broken; the logs are kept then.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

import { disturb } from './disturb.ts';
import { poison, type PoisonReport } from './poison.ts';
import { type Finding, prove } from './proof.ts';
import { World } from './world.ts';

process.env.METADATA_SERVER_DETECTION ??= 'none';

const { values } = parseArgs({
  options: {
    faults: { type: 'string' },
    minutes: { type: 'string' },
    events: { type: 'string' },
    json: { type: 'boolean', default: false },
    rate: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(randomInt(1, 2 ** 31)) },
    only: { type: 'string', multiple: true },
    part: { type: 'string', default: 'all' },
    burst: { type: 'string', default: '4000' },
    help: { type: 'boolean', default: false },
  },
});

const USAGE = `npx pnpm test:chaos [options]

Kills, stops and pauses the processes of the event path under a load of numbered events, and proves
by counting in the database that none was lost, none doubled, and none out of order.

  --faults N    how many faults, 1 to 500                            (30)
  --minutes N   the faults end after so many minutes, 1 to 120; alone, it decides how many
  --events N    the load goes on until it has begun so many transactions, 1 to 1000000
  --rate N      events a second, 1 to 1000                           (200)
  --seed N      decides the faults; printed, so that it can be given again
  --only NAME   this fault alone; may be given several times
  --part PART   faults, poison, or all                               (all)
  --json        one JSON document on the standard output; the lines go to standard error
  --burst N     events whose rate is measured beside poison, 2 to 100000 (4000)
`;

const wholeNumber = (name: string, text: string, most: number): number => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > most)
    throw new Error(
      `expected --${name} to be a whole number from 1 to ${most}, got: ${text}`,
    );
  return number;
};

/** For people: on the standard error where the standard output is for a program. */
const print = (line: string): void => {
  if (values.json) console.error(line);
  else console.log(line);
};

const show = (findings: readonly Finding[]): boolean => {
  for (const { promise, broken } of findings)
    print(
      broken === 0
        ? `kept    ${promise}`
        : `BROKEN  ${promise}: ${broken} times`,
    );
  return findings.every(({ broken }) => broken === 0);
};

/** What the innocent must keep of their rate beside handlers that throw and hang. */
const SHARE_KEPT = 0.8;

const showPoison = (report: PoisonReport): boolean => {
  const share = report.disturbed / report.undisturbed;
  const met = share >= SHARE_KEPT;
  print(
    `${met ? 'kept  ' : 'BROKEN'}  the others keep their rate beside what throws and hangs: ${share.toFixed(2)} of it (at least ${SHARE_KEPT})`,
  );
  return show(report.findings) && met;
};

const run = async (): Promise<void> => {
  const seed = wholeNumber('seed', values.seed, 2 ** 31 - 1);
  const minutes =
    values.minutes === undefined
      ? undefined
      : wholeNumber('minutes', values.minutes, 120);
  const faults = wholeNumber(
    'faults',
    values.faults ?? (minutes === undefined ? '30' : '500'),
    500,
  );
  const least =
    values.events === undefined
      ? undefined
      : wholeNumber('events', values.events, 1_000_000);
  const rate = wholeNumber('rate', values.rate, 1_000);
  const events = 2 * Math.ceil(wholeNumber('burst', values.burst, 100_000) / 2);
  const { part } = values;
  if (!['all', 'faults', 'poison'].includes(part))
    throw new Error(
      `expected --part to be faults, poison or all, got: ${part}`,
    );
  const began = performance.now();
  const say = (line: string) => {
    const seconds = Math.round((performance.now() - began) / 1_000);
    print(`${String(seconds).padStart(4)} s  ${line}`);
  };
  print(`seed ${seed}`);
  const world = await World.begin();
  const result: Record<string, unknown> = { seed };
  let kept = false;
  let ended = false;
  try {
    say('everything runs');
    kept = true;
    if (part !== 'poison') {
      const { committed, findings } = await disturb(world, {
        seed,
        faults,
        rate,
        pause: 5_000,
        ...(minutes !== undefined && { minutes }),
        ...(least !== undefined && { events: least }),
        ...(values.only && { only: values.only }),
        say,
      });
      print(`${committed} events were committed`);
      kept = show(findings) && committed > 0;
      result['faults'] = { committed, findings };
    }
    if (part !== 'faults') {
      const report = await poison(world, events, say);
      kept = showPoison(report) && kept;
      const after = await prove(world);
      kept = show(after.findings) && kept;
      result['poison'] = { ...report, after };
    }
    ended = true;
  } finally {
    kept &&= ended;
    if (!kept) {
      process.exitCode = 1;
      print(`logs are in ${world.directory}; again with --seed ${seed}`);
    }
    if (values.json) console.log(JSON.stringify({ ...result, kept }, null, 2));
    await world.end(!kept);
  }
};

if (values.help) console.log(USAGE);
else await run();
