/**
 * The event path under failure: real processes and a real local stack, a load of numbered events, and
 * faults that a seed decides; at the end the effects are counted in the database.
 *
 *     npx pnpm test:chaos [--faults 30] [--rate 200] [--seed N] [--part faults|poison]
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
    faults: { type: 'string', default: '30' },
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
  --rate N      events a second, 1 to 1000                           (200)
  --seed N      decides the faults; printed, so that it can be given again
  --only NAME   this fault alone; may be given several times
  --part PART   faults, poison, or all                               (all)
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

const show = (findings: readonly Finding[]): boolean => {
  for (const { promise, broken } of findings)
    console.log(
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
  console.log(
    `${met ? 'kept  ' : 'BROKEN'}  the others keep their rate beside what throws and hangs: ${share.toFixed(2)} of it (at least ${SHARE_KEPT})`,
  );
  return show(report.findings) && met;
};

const run = async (): Promise<void> => {
  const seed = wholeNumber('seed', values.seed, 2 ** 31 - 1);
  const faults = wholeNumber('faults', values.faults, 500);
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
    console.log(`${String(seconds).padStart(4)} s  ${line}`);
  };
  console.log(`seed ${seed}`);
  const world = await World.begin();
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
        ...(values.only && { only: values.only }),
        say,
      });
      console.log(`${committed} events were committed`);
      kept = show(findings) && committed > 0;
    }
    if (part !== 'faults') {
      kept = showPoison(await poison(world, events, say)) && kept;
      kept = show((await prove(world)).findings) && kept;
    }
    ended = true;
  } finally {
    kept &&= ended;
    if (!kept) {
      process.exitCode = 1;
      console.log(`logs are in ${world.directory}; again with --seed ${seed}`);
    }
    await world.end(!kept);
  }
};

if (values.help) console.log(USAGE);
else await run();
