/**
 * The event path under failure: real processes and a real local stack, a load of numbered events, and
 * faults that a seed decides; at the end the effects are counted in the database.
 *
 *     npx pnpm test:chaos [--faults 30] [--rate 200] [--seed N] [--without-poison]
 *
 * Everything runs on this machine in a temporary directory, and stops by itself. Exits with 1 if a
 * promise was broken; the logs are kept then.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

import { disturb } from './disturb.ts';
import type { Proof } from './proof.ts';
import { World } from './world.ts';

process.env.METADATA_SERVER_DETECTION ??= 'none';

const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '30' },
    rate: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(randomInt(1, 2 ** 31)) },
    only: { type: 'string', multiple: true },
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
`;

const wholeNumber = (name: string, text: string, most: number): number => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > most)
    throw new Error(
      `expected --${name} to be a whole number from 1 to ${most}, got: ${text}`,
    );
  return number;
};

const show = ({ committed, findings }: Proof): boolean => {
  console.log(`${committed} events were committed`);
  for (const { promise, broken } of findings)
    console.log(
      broken === 0
        ? `kept    ${promise}`
        : `BROKEN  ${promise}: ${broken} times`,
    );
  return committed > 0 && findings.every(({ broken }) => broken === 0);
};

const run = async (): Promise<void> => {
  const seed = wholeNumber('seed', values.seed, 2 ** 31 - 1);
  const faults = wholeNumber('faults', values.faults, 500);
  const rate = wholeNumber('rate', values.rate, 1_000);
  const began = performance.now();
  const say = (line: string) => {
    const seconds = Math.round((performance.now() - began) / 1_000);
    console.log(`${String(seconds).padStart(4)} s  ${line}`);
  };
  console.log(`seed ${seed}`);
  const world = await World.begin();
  let kept = false;
  try {
    say('everything runs');
    kept = show(
      await disturb(world, {
        seed,
        faults,
        rate,
        pause: 5_000,
        ...(values.only && { only: values.only }),
        say,
      }),
    );
  } finally {
    if (!kept) {
      process.exitCode = 1;
      console.log(`logs are in ${world.directory}; again with --seed ${seed}`);
    }
    await world.end(!kept);
  }
};

if (values.help) console.log(USAGE);
else await run();
