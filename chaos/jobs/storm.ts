import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

import type { Crew } from '../crew.ts';
import { createJobs } from './create-jobs.ts';
import type { Finding } from './finding.ts';
import { stormCap } from './registry.ts';

/** Processes that work at any time. */
const processes = 2;

/** Seconds that a killed process owns its jobs for: short, so that many kills fit in. */
const leaseSeconds = 3;

const jobsOf = {
  parents: 1_200,
  flaky: 900,
  later: 400,
  doomed: 40,
  lanes: 10,
  perLane: 40,
};

export interface StormOptions {
  /** Processes killed. */
  readonly kills: number;
  /** Seconds after which it is broken. */
  readonly limit: number;
}

/** Whatever a process does at this moment ends here: its claims, settles, heartbeats, promotions, moves. */
const killOne = async (
  world: Crew,
  alive: ChildProcess[],
  queues: string,
): Promise<void> => {
  const victim = alive.splice(Math.floor(Math.random() * alive.length), 1)[0]!;
  await world.kill(victim);
  alive.push(await world.start(queues, String(leaseSeconds)));
};

/** Ends random statements of processes on the side of Postgres, between two kills. */
const cutConnections = async (world: Crew): Promise<void> => {
  await world.con.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name like 'nightshift%' and pid <> pg_backend_pid() and state <> 'idle'
       and application_name <> 'nightshift chaos' and random() < 0.5`,
  );
};

const create = async (world: Crew): Promise<number> => {
  const tenants = (count: number, more: object = {}) =>
    Array.from({ length: count }, (_, index) => ({
      tenant: `tenant-${index % 7}`,
      ...more,
    }));
  const later = () => new Date(Date.now() + 30_000 * Math.random());
  await createJobs(world, 'parent', 'storm', tenants(jobsOf.parents));
  await createJobs(world, 'flaky', 'storm', tenants(jobsOf.flaky));
  await createJobs(
    world,
    'flaky',
    'storm',
    tenants(jobsOf.later).map((job) => ({ ...job, runAt: later() })),
  );
  await createJobs(world, 'doomed', 'storm', tenants(jobsOf.doomed));
  await createJobs(
    world,
    'ordered',
    'storm-lanes',
    Array.from({ length: jobsOf.lanes * jobsOf.perLane }, (_, index) => ({
      key: `storm-${index % jobsOf.lanes}`,
      payload: JSON.stringify({ number: Math.floor(index / jobsOf.lanes) }),
    })),
  );
  return (
    2 * jobsOf.parents +
    jobsOf.flaky +
    jobsOf.later +
    jobsOf.doomed +
    jobsOf.lanes * jobsOf.perLane
  );
};

/** Processes and their connections are killed at random, over and over, while jobs of every kind run. */
export const storm = async (
  world: Crew,
  { kills, limit }: StormOptions,
): Promise<Finding[]> => {
  const queues = 'storm,storm-lanes';
  const expected = await create(world);
  const alive = await Promise.all(
    Array.from({ length: processes }, () =>
      world.start(queues, String(leaseSeconds)),
    ),
  );
  const end = performance.now() + limit * 1_000;
  const left = () =>
    world.count(`select count(*) from job where queue like 'storm%'`);
  let killed = 0;
  while (performance.now() < end && (await left()) > 0) {
    if (killed < kills) {
      await killOne(world, alive, queues);
      killed += 1;
      for (let cuts = 0; cuts < 5; cuts++) {
        await cutConnections(world);
        await delay(100 * Math.random());
      }
    }
    // What failed for good is resolved, so that the mover has something to move.
    await world.con.query(
      `update dead_letter set state = 'resolved', state_changed_at = now() where source = 'job' and state = 'open'`,
    );
    await delay(100);
  }
  const remaining = await left();
  await Promise.all(alive.map((child) => world.stop(child)));
  const archived = await world.count(
    `select count(*) from jobs_completed where queue like 'storm%'`,
  );
  const effects = await world.count('select count(*) from storm_effect');
  const doubled = await world.count(
    'select count(*) - count(distinct job_id) from storm_effect',
  );
  const childless = await world.count(
    `select count(*) from jobs_completed where queue = 'storm' and name = 'child'`,
  );
  const wrong = await world.count(
    `select count(*) from (
       select number, row_number() over (partition by lane order by place) - 1 as place
       from job_order where lane like 'storm-%'
     ) as ends where number <> place`,
  );
  const most = await world.count(
    `select max(result::int) from jobs_completed where queue = 'storm' and name = 'flaky'`,
  );
  return [
    {
      promise: `killed ${killed} times, and cut from the database between, processes lose no job`,
      kept: remaining === 0 && archived === expected,
      seen: `${archived} of ${expected} archived, ${remaining} left`,
    },
    {
      promise:
        'effects of transactional jobs and the jobs they create are one commit with their ends',
      kept:
        effects === 2 * jobsOf.parents &&
        doubled === 0 &&
        childless === jobsOf.parents,
      seen: `${effects} effects of ${2 * jobsOf.parents}, ${doubled} doubled, ${childless} children of ${jobsOf.parents}`,
    },
    {
      promise: 'lanes keep their order, tenants their cap',
      kept: wrong === 0 && most <= stormCap,
      seen: `${wrong} out of order, at most ${most} of ${stormCap} at once`,
    },
  ];
};
