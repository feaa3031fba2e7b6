/**
 * Jobs under failure: real processes on a real database, killed and crowded; what they promise is
 * counted in the database afterwards.
 *
 *     npx pnpm chaos:jobs [--attempts 100000] [--lanes 20] [--budget-jobs 10000] [--kills 25] [--json]
 *
 * Everything runs on this machine in a temporary directory, and stops by itself, within a few
 * minutes. Exits with 1 if a promise was broken.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { work } from '../../src/jobs/invoke/work.ts';
import { createLogger } from '../../src/logger.ts';
import { Crew } from '../crew.ts';
import { createJobs } from './create-jobs.ts';
import type { Finding } from './finding.ts';
import { registry, slots, tables, tenantCap } from './registry.ts';
import { storm } from './storm.ts';

const { values } = parseArgs({
  options: {
    attempts: { type: 'string', default: '100000' },
    lanes: { type: 'string', default: '20' },
    'budget-jobs': { type: 'string', default: '10000' },
    kills: { type: 'string', default: '25' },
    json: { type: 'boolean', default: false },
  },
});

/** Seconds after which a part that has not ended is broken. */
const limit = 300;

const until = async (done: () => Promise<boolean>): Promise<boolean> => {
  const end = performance.now() + limit * 1_000;
  while (performance.now() < end) {
    if (await done()) return true;
    await delay(50);
  }
  return false;
};

const unfinished = (world: Crew, queue: string) => () =>
  world
    .count('select count(*) from job where queue = $1', queue)
    .then((jobs) => jobs === 0);

/** Kills a process with 50 running jobs; another one is there. */
const kill = async (world: Crew): Promise<Finding[]> => {
  await createJobs(
    world,
    'slow',
    'killed',
    Array.from({ length: 25 }, () => ({})),
  );
  await createJobs(
    world,
    'effect',
    'killed',
    Array.from({ length: 25 }, () => ({})),
  );
  const victim = await world.start('killed');
  await until(
    async () => (await world.count('select count(*) from job_run')) === 25,
  );
  const heir = await world.start('killed');
  const running = await world.count(
    `select count(*) from job where queue = 'killed' and state = 'running'`,
  );
  await world.kill(victim);
  const killedAt = performance.now();
  await until(
    async () =>
      (await world.count(
        `select count(*) from job where queue = 'killed' and fence > 1`,
      )) +
        (await world.count(
          `select count(*) from jobs_completed where queue = 'killed' and attempt > 1`,
        )) >=
      running,
  );
  const seconds = (performance.now() - killedAt) / 1_000;
  const ended = await until(unfinished(world, 'killed'));
  await world.stop(heir);
  const completed = await world.count(
    `select count(*) from jobs_completed where queue = 'killed' and state = 'completed'`,
  );
  const effects = await world.count('select count(*) from job_effect');
  const doubled = await world.count(
    'select count(*) - count(distinct job_id) from job_effect',
  );
  return [
    {
      promise: 'every job of a killed process is begun again within 15 s',
      kept: running === 50 && seconds <= 15,
      seen: `${running} were running; all begun again ${seconds.toFixed(1)} s after the kill`,
    },
    {
      promise: 'none is lost, and no effect of a transactional job is doubled',
      kept: ended && completed === 50 && effects === 25 && doubled === 0,
      seen: `${completed} of 50 completed, ${effects} effects of 25, ${doubled} doubled`,
    },
  ];
};

/** Two processes of 16 slots, and many more jobs of few tenants than may run. */
const caps = async (world: Crew, attempts: number): Promise<Finding> => {
  await createJobs(
    world,
    'capped',
    'capped',
    Array.from({ length: attempts }, (_, index) => ({
      // Every tenth is of one tenant, whose jobs are still there when all others' are done.
      tenant: index % 10 === 0 ? 'flood' : `tenant-${index % 37}`,
    })),
  );
  const processes = await Promise.all([
    world.start('capped'),
    world.start('capped'),
  ]);
  const began = performance.now();
  const ended = await until(unfinished(world, 'capped'));
  const seconds = (performance.now() - began) / 1_000;
  await Promise.all(processes.map((child) => world.stop(child)));
  const most = await world.count(
    `select max(result::int) from jobs_completed where queue = 'capped'`,
  );
  const looks = await world.count(
    `select count(*) from jobs_completed where queue = 'capped'`,
  );
  return {
    promise: `no tenant ever runs more than ${tenantCap} jobs, over two processes of ${slots} slots`,
    kept: ended && most <= tenantCap && looks === attempts,
    seen: `${looks} looks of ${attempts}, at most ${most} at once, ${Math.round(attempts / seconds)} jobs/s`,
  };
};

/** Two processes on strict lanes; every seventh job fails twice. */
const order = async (world: Crew, lanes: number): Promise<Finding> => {
  const perLane = 100;
  await createJobs(
    world,
    'ordered',
    'ordered',
    Array.from({ length: lanes * perLane }, (_, index) => ({
      ...(index % lanes > 0 && { key: `lane-${index % lanes}` }),
      payload: JSON.stringify({ number: Math.floor(index / lanes) }),
    })),
  );
  const processes = await Promise.all([
    world.start('ordered'),
    world.start('ordered'),
  ]);
  const ended = await until(unfinished(world, 'ordered'));
  await Promise.all(processes.map((child) => world.stop(child)));
  const written = await world.count(
    `select count(*) from job_order where lane not like 'storm-%'`,
  );
  const wrong = await world.count(
    `select count(*) from (
       select number, row_number() over (partition by lane order by place) - 1 as place from job_order
       where lane not like 'storm-%'
     ) as ends where number <> place`,
  );
  return {
    promise:
      'every lane of a strict queue keeps its order under failures, over two processes',
    kept: ended && written === lanes * perLane && wrong === 0,
    seen: `${written} ends in ${lanes} lanes, ${wrong} out of order`,
  };
};

/** Two workers with a budget of 5 s; the caller of one goes away. */
const budget = async (world: Crew, jobs: number): Promise<Finding> => {
  await createJobs(
    world,
    'small',
    'budget',
    Array.from({ length: jobs }, () => ({})),
  );
  const logger = createLogger('chaos');
  const gone = new AbortController();
  const call = (signal?: AbortSignal) =>
    work({
      con: world.con,
      logger,
      registry: { ...registry, queues: { budget: registry.queues.budget! } },
      budgetSeconds: 5,
      fireSchedules: () => Promise.resolve(0),
      ...(signal && { signal }),
    });
  const began = performance.now();
  const stayed = call();
  const left = call(gone.signal);
  setTimeout(() => gone.abort(), 500);
  await Promise.all([stayed, left]);
  const seconds = (performance.now() - began) / 1_000;
  const rest = await world.count(
    `select count(*) from job where queue = 'budget'`,
  );
  const running = await world.count(
    `select count(*) from job where queue = 'budget' and state <> 'pending'`,
  );
  const completed = await world.count(
    `select count(*) from jobs_completed where queue = 'budget'`,
  );
  return {
    promise: `POST /api/worker with a budget of 5 s over ${jobs} jobs ends in time and loses nothing when a caller goes away`,
    kept: seconds <= 5 && rest + completed === jobs && running === 0,
    seen: `${seconds.toFixed(2)} s; ${completed} completed, ${rest} left, none in between`,
  };
};

const wholeNumber = (name: keyof typeof values): number => {
  const number = Number(values[name]);
  if (Number.isInteger(number) && number > 0 && number <= 1_000_000)
    return number;
  throw new Error(
    `expected --${name} to be a whole number from 1 to 1000000, got: ${String(values[name])}`,
  );
};

const findings: Finding[] = [];
const tell = (...found: readonly Finding[]): void => {
  findings.push(...found);
  for (const { promise, kept, seen } of found)
    console.error(`${kept ? 'kept  ' : 'BROKEN'}  ${promise}: ${seen}`);
};
const [attempts, lanes, budgetJobs, kills] = [
  wholeNumber('attempts'),
  wholeNumber('lanes'),
  wholeNumber('budget-jobs'),
  wholeNumber('kills'),
];
{
  await using world = await Crew.begin({
    name: 'chaos-jobs',
    program: new URL('./process.ts', import.meta.url),
    tables,
  });
  tell(...(await kill(world)));
  tell(...(await storm(world, { kills, limit })));
  tell(await order(world, lanes));
  tell(await budget(world, budgetJobs));
  tell(await caps(world, attempts));
}
if (values.json) console.log(JSON.stringify(findings, undefined, 2));
process.exitCode = findings.every(({ kept }) => kept) ? 0 : 1;
