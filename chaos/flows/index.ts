/**
 * Flows under failure: two worker processes, killed again and again at random, on a real database; what flows
 * promise is counted there afterwards.
 *
 *     npx pnpm chaos:flows [--runs 300] [--seed n] [--json]
 *
 * 300 runs are more than 10,000 tasks. Everything runs on this machine in a temporary directory, and stops by
 * itself, within ten minutes. Exits with 1 if a promise was broken. The seed decides who is killed when, and what
 * fails.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import {
  brokenCounters,
  signalFlow,
  startFlow,
} from '../../src/flows/index.ts';
import { Crew } from '../crew.ts';
import { effectsOf, tables, tasksOf, work } from './flows.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '300' },
    seed: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

/** Seconds after which runs that have not ended are broken. */
const limit = 420;

const wholeNumber = (name: string, text: string, most: number): number => {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0 && number <= most) return number;
  throw new Error(
    `expected --${name} to be a whole number from 1 to ${most}, got: ${text}`,
  );
};

const runs = wholeNumber('runs', values.runs, 100_000);
const seed = wholeNumber(
  'seed',
  values.seed ?? String(1 + Math.floor(Math.random() * 1e9)),
  2 ** 31,
);
console.error(`seed ${seed}`);

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
const random = ((state: number) => () => {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
})(seed);

const unfinished = (world: Crew): Promise<number> =>
  world.count(
    `select count(*) from flow_run where state in ('running', 'paused')`,
  );

/** Kills a process that runs, at once and without a word, and starts another in its place. */
const killOne = async (world: Crew): Promise<void> => {
  const victim = world.processes[Math.floor(random() * world.processes.length)];
  if (!victim) return;
  await world.kill(victim);
  await world.start();
};

await using world = await Crew.begin({
  name: 'chaos-flows',
  program: new URL('./process.ts', import.meta.url),
  tables,
});
const began = performance.now();
const started: string[] = [];
for (let number = 0; number < runs; number++) {
  const { id } = await startFlow(
    work,
    { number },
    { manager: world.con.manager, key: `run ${number}` },
  );
  started.push(id);
}
await Promise.all([world.start(), world.start()]);

let kills = 0;
let deleted = 0;
let signalled = 0;
const end = performance.now() + limit * 1_000;
while ((await unfinished(world)) > 0 && performance.now() < end) {
  await delay(500 + random() * 1_500);
  // Signals come early, late, and twice.
  for (let sent = 0; sent < runs / 10 && signalled < started.length; sent++) {
    const run = started[signalled++]!;
    await signalFlow(world.con.manager, run, 'go', 'go', { key: 'once' });
    await signalFlow(world.con.manager, run, 'go', 'go', { key: 'once' });
  }
  if (random() < 0.6) {
    await killOne(world);
    kills += 1;
  }
  if (random() < 0.2) {
    // An operator deletes a job by hand.
    const [, gone] = await world.con.query<[unknown, number]>(
      `delete from job where id in (select id from job where state = 'pending' limit 1)`,
    );
    deleted += gone;
  }
}
const seconds = (performance.now() - began) / 1_000;
const left = await unfinished(world);
await world.stopAll();

const numbers = Array.from({ length: runs }, (_, number) => number);
const sum = (of: (number: number) => number): number =>
  numbers.reduce((total, number) => total + of(number), 0);

const tasks = await world.count('select count(*) from flow_task');
const ended = await world.count(
  `select count(*) from flow_task where state = 'completed'`,
);
const completed = await world.count(
  `select count(*) from flow_run where state = 'completed'`,
);
const effects = await world.count('select count(*) from flow_effect');
const distinct = await world.count(
  'select count(distinct key) from flow_effect',
);
const tries = await world.count('select count(*) from flow_try');
const tried = await world.count('select count(distinct key) from flow_try');
const disordered = await world.count(
  `select count(*) from flow_task where step = 'end' and (output ->> 'isInOrder') is distinct from 'true'`,
);
const jobs = await world.count('select count(*) from job');
const counters = await brokenCounters(world.con.manager);
const letters = await world.count(`select count(*) from dead_letter`);

const findings = [
  {
    promise: 'every run ends',
    kept: left === 0 && completed === 2 * runs,
    seen: `${completed} of ${2 * runs} runs completed (children included), ${left} left, in ${seconds.toFixed(0)} s with ${kills} kills and ${deleted} deleted jobs`,
  },
  {
    promise: 'every task is done',
    kept: tasks === sum(tasksOf) && ended === tasks,
    seen: `${ended} of ${tasks} tasks completed, ${sum(tasksOf)} expected`,
  },
  {
    promise: 'each transactional effect is made exactly once',
    kept: effects === sum(effectsOf) && distinct === effects,
    seen: `${effects} effects, ${distinct} distinct, ${sum(effectsOf)} expected`,
  },
  {
    promise: 'other steps are done at least once',
    kept: tried === sum((number) => 5 + (number % 20) + 1),
    seen: `${tried} tasks in ${tries} tries`,
  },
  {
    promise: 'maps fan in in the order of their items',
    kept: disordered === 0,
    seen: `${disordered} out of order`,
  },
  {
    promise: 'counters equal counts, no job is left, nothing is at the desk',
    kept: counters.length === 0 && jobs === 0 && letters === 0,
    seen: `${counters.length} counters differ, ${jobs} jobs left, ${letters} dead letters`,
  },
];
for (const { promise, kept, seen } of findings)
  console.error(`${kept ? 'kept  ' : 'BROKEN'}  ${promise}: ${seen}`);
if (values.json)
  console.log(JSON.stringify({ seed, kills, findings }, undefined, 2));
process.exitCode = findings.every(({ kept }) => kept) ? 0 : 1;
