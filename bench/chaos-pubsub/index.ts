/**
 * Kills the local Pub/Sub server with SIGKILL under load, again and again, and proves what it promised:
 * nothing acknowledged to a publisher is lost, nothing whose acknowledgement was confirmed on an
 * exactly-once subscription is delivered again, messages of a key come for the first time in order, and
 * what always fails ends as a dead letter. It starts and kills servers of its own alone.
 *
 *     npx pnpm chaos:pubsub [--kills 50] [--seed N]
 *     npx pnpm chaos:pubsub --kills 6 --roll-back     # must fail: an old copy of the data is put back
 *     npx pnpm chaos:pubsub --kills 1 --without-data  # must fail: in memory only
 *
 * The seed decides when servers are killed; what the machine does meanwhile is its own. Exits with 1 if
 * a promise was broken.
 */
import { randomInt } from 'node:crypto';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { SeededRandom } from '../../__tests__/pubsub-server/hostile/seeded-random.ts';
import { freePort } from '../../src/local/ports.ts';
import { Ledger } from './ledger.ts';
import {
  isPoison,
  Load,
  type SubscriptionName,
  subscriptions,
} from './load.ts';
import { ServerProcess } from './server-process.ts';

process.env.METADATA_SERVER_DETECTION ??= 'none';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(randomInt(1, 2 ** 31)) },
    'roll-back': { type: 'boolean', default: false },
    'without-data': { type: 'boolean', default: false },
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

const kills = wholeNumber('kills', values.kills, 1000);
const seed = wholeNumber('seed', values.seed, 2 ** 31 - 1);

/** The most messages of each topic: what the ledger has to hold in memory. */
const MOST_MESSAGES = 300_000;

/** A server that is up is killed so many milliseconds later, at the latest. */
const LONGEST_LIFE = 1_500;

/** One kill of so many comes while the server is still starting and reading its data. */
const STARTING_EVERY = 5;

/** How long everything may take to arrive at the end, in milliseconds. */
const DRAIN_LIMIT = 180_000;

/** After so many looks at a server with nothing left, what is missing will not come any more. */
const IDLE_LOOKS = 100;

const random = new SeededRandom(seed);
const ledger = new Ledger();
const directory = await mkdtemp(join(tmpdir(), 'chaos-pubsub-'));
const data = values['without-data'] ? undefined : join(directory, 'data');
const port = await freePort();
const began = performance.now();
console.log(`seed ${seed}: ${kills} kills of a server on port ${port}`);

let server = await ServerProcess.launch(port, data).ready();
const load = new Load(server.address, ledger);

/** Waits for something that has to come true. */
const until = async (
  what: string,
  limit: number,
  condition: () => boolean | Promise<boolean>,
): Promise<void> => {
  const end = performance.now() + limit;
  while (!(await condition())) {
    if (performance.now() > end)
      throw new Error(`expected ${what} within ${limit / 1000} s`);
    await Promise.race([delay(50), load.failed.promise]);
  }
};

const killAndRestart = async (kill: number): Promise<void> => {
  const before = ledger.acknowledgedCount;
  await until(
    'a publish to be acknowledged',
    60_000,
    () => ledger.acknowledgedCount > before,
  );
  await delay(random.integer(LONGEST_LIFE));
  await server.kill();
  if (values['roll-back'] && data !== undefined) {
    const copy = join(directory, 'copy');
    if (kill === Math.ceil(kills / 3))
      await cp(data, copy, { recursive: true });
    if (kill === Math.ceil((2 * kills) / 3)) {
      await rm(data, { recursive: true });
      await rename(copy, data);
    }
  }
  server = ServerProcess.launch(port, data);
  if (random.integer(STARTING_EVERY) === 0) {
    await delay(random.integer(LONGEST_LIFE));
    await server.kill();
    killsWhileStarting += 1;
    server = ServerProcess.launch(port, data);
  }
  await server.ready();
};

const names = Object.keys(subscriptions) as SubscriptionName[];

/** What was promised and has not arrived, subscription by subscription. */
const missing = (): [subscription: string, lost: (string | number)[]][] => [
  ['plain', ledger.missing('numbers', 'plain')],
  ['once', ledger.missing('numbers', 'once')],
  ['doomed', ledger.missing('numbers', 'doomed')],
  ['dead', ledger.missingNumbers('numbers', 'dead', isPoison)],
  ['held', ledger.missing('numbers', 'held')],
  ['ordered', ledger.missing('ordered', 'ordered')],
  ['ordered-once', ledger.missing('ordered', 'ordered-once')],
];

const backlogs = async (): Promise<Map<string, number>> =>
  new Map(
    (await server.statistics()).subscriptions.map(({ name, backlog }) => [
      name.slice(name.lastIndexOf('/') + 1),
      backlog,
    ]),
  );

const nothingLeft = async (): Promise<boolean> =>
  [...(await backlogs()).values()].every((backlog) => backlog === 0);

let killsWhileStarting = 0;
let killed = 0;
/** How often in a row there was nothing left. */
let idleLooks = 0;
try {
  await load.prepare();
  load.subscribe(names.filter((name) => name !== 'held'));
  const publishing = load.publish(MOST_MESSAGES);
  while (killed < kills) {
    killed += 1;
    await killAndRestart(killed);
    if (killed % 10 === 0)
      console.log(
        `${killed} kills, ${ledger.acknowledgedCount} publishes acknowledged, ${ledger.violationCount} violations`,
      );
  }
  const stopping = load.stopPublishing();
  await publishing;
  await stopping;
  // Nobody has received from it so far: everything was on disk alone.
  load.subscribe(['held']);
  await until(
    'everything to be delivered and acknowledged',
    DRAIN_LIMIT,
    async () => {
      const idle = await nothingLeft();
      const complete = missing().every(([, lost]) => lost.length === 0);
      idleLooks = idle ? idleLooks + 1 : 0;
      return idle && (complete || idleLooks === IDLE_LOOKS);
    },
  ).catch((error: unknown) => {
    ledger.violation(String(error));
  });
  // What was acknowledged has to be so on disk.
  await load.unsubscribe();
  await server.kill();
  killed += 1;
  server = await ServerProcess.launch(port, data).ready();
  const after = await backlogs();
  for (const name of names) {
    const backlog = after.get(name);
    if (backlog === undefined) ledger.violation(`subscription ${name} is gone`);
    else if (backlog > 0)
      ledger.violation(
        `${name}: ${backlog} messages are back after they had all been acknowledged`,
      );
  }
} catch (error) {
  ledger.violation(error instanceof Error ? error.message : String(error));
} finally {
  await Promise.race([load.close(), delay(5_000)]);
  await server.kill();
  await rm(directory, { recursive: true });
}
const losses = missing().filter(([, lost]) => lost.length > 0);
for (const [name, lost] of losses)
  ledger.violation(
    `${name}: ${lost.length} messages acknowledged to the publisher are lost, the first: ${lost.slice(0, 3).join(', ')}`,
  );
console.log(
  JSON.stringify(
    {
      seed,
      kills: killed + killsWhileStarting,
      killsWhileStarting,
      seconds: Math.round((performance.now() - began) / 1000),
      acknowledgedToPublishers: ledger.acknowledgedCount,
      refusedPublishes: load.refusedPublishes,
      unconfirmedAcknowledgements: load.unconfirmed,
      received: Object.fromEntries(
        names.map((name) => [name, ledger.counts(name)]),
      ),
      lost: Object.fromEntries(
        losses.map(([name, lost]) => [name, lost.length]),
      ),
      violations: ledger.violationCount,
    },
    undefined,
    2,
  ),
);
for (const words of ledger.violations) console.log(`VIOLATION ${words}`);
console.log(
  ledger.violationCount === 0
    ? 'nothing lost, nothing confirmed came again, every key in order'
    : 'NOT as it must be',
);
// The client may still be waiting for a server that is gone.
process.exit(ledger.violationCount === 0 ? 0 : 1);
