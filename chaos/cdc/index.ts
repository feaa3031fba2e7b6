/**
 * Change data capture under failure: the real `nightshift cdc` on a real Postgres, under load, with a broker
 * whose answers come late and out of order. What was committed is compared with what came.
 *
 *     npx pnpm chaos:cdc [--part kills|outages|take-over] [--kills 50] [--silence 70] [--rate 400]
 *     npx pnpm chaos:cdc --postgres /usr/lib/postgresql/15/bin    # another Postgres than the embedded one
 *     npx pnpm chaos:cdc --part kills --kills 4 --skip            # must fail: the slot is moved on in between
 *
 * Everything runs on this machine in a temporary directory and stops by itself; the take-over needs Java and
 * Maven (see debezium/AGENTS.md). Exits with 1 if a promise was broken; the logs are kept then.
 */
import { inspect, parseArgs } from 'node:util';

import type { Finding } from './finding.ts';
import { killAgainAndAgain } from './kills.ts';
import {
  idleTables,
  lostSlot,
  restartedPostgres,
  silentBroker,
} from './outages.ts';
import { takeOverAndBack } from './take-over.ts';
import { World } from './world.ts';

const { values } = parseArgs({
  options: {
    part: { type: 'string' },
    kills: { type: 'string', default: '50' },
    silence: { type: 'string', default: '70' },
    rate: { type: 'string', default: '400' },
    postgres: { type: 'string' },
    skip: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const wholeNumber = (name: string, text: string, most: number): number => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > most)
    throw new Error(
      `expected --${name} to be a whole number from 1 to ${most}, got: ${text}`,
    );
  return number;
};

const kills = wholeNumber('kills', values.kills, 1_000);
const silence = wholeNumber('silence', values.silence, 600);
const rate = wholeNumber('rate', values.rate, 5_000);

type Part = (world: World) => Promise<Finding | Finding[]>;

/** Each with a world of its own. */
const parts: Readonly<Record<string, readonly Part[]>> = {
  kills: [(world) => killAgainAndAgain(world, kills, values.skip)],
  outages: [
    (world) => silentBroker(world, silence),
    restartedPostgres,
    idleTables,
    lostSlot,
  ],
  'take-over': [takeOverAndBack],
};
if (values.part !== undefined && !Object.hasOwn(parts, values.part))
  throw new Error(
    `expected --part to be one of ${Object.keys(parts).join(', ')}, got: ${values.part}`,
  );

const found: Finding[] = [];

const run = async (steps: readonly Part[]): Promise<void> => {
  const world = await World.begin(values.postgres, rate);
  let whole = false;
  try {
    for (const step of steps) {
      const findings = [await step(world)].flat();
      found.push(...findings);
      for (const { promise, kept, seen } of findings)
        if (!values.json)
          console.log(`${kept ? 'kept  ' : 'BROKEN'}  ${promise}: ${seen}`);
    }
    whole = found.every(({ kept }) => kept);
  } catch (error) {
    found.push({
      promise: 'every part comes to its end',
      kept: false,
      seen: inspect(error),
    });
    console.error(inspect(error));
  } finally {
    await world.load.stop();
    await world.end(!whole);
  }
};

for (const [name, steps] of Object.entries(parts))
  if (values.part === undefined || values.part === name) await run(steps);
if (values.json) console.log(JSON.stringify(found));
process.exit(found.every(({ kept }) => kept) ? 0 : 1);
