import { pino } from 'pino';
import { Registry } from 'prom-client';

import type { Patient } from '../../src/doctor/check.ts';
import { flowsCheck } from '../../src/doctor/checks/flows.ts';
import { Flow, flowsOf, startFlow, withFlows } from '../../src/flows/index.ts';
import { startReporting } from '../../src/observation/processes/reporter.ts';
import { flowDepths } from '../../src/flows/read/depth.ts';
import { useTestDatabase } from '../helpers.ts';

const database = useTestDatabase();

const flow = new Flow('watched')
  .step('first', {}, () => 1)
  .step('second', { dependsOn: ['first'] }, () => 2);

const examine = (
  known: readonly { name: string; version: number }[] = [flow],
) =>
  flowsCheck.run({
    deployment: { processes: [], retention: [], flows: known },
    query: (text: string, values?: readonly unknown[]) =>
      database.con.query(text, values && [...values]),
  } as unknown as Patient);

const begun = async (): Promise<string> => {
  const { id } = await startFlow(flow, null, { manager: database.con.manager });
  return id;
};

const change = (sql: string, run: string) => database.con.query(sql, [run]);

beforeEach(() =>
  database.con.query(
    'truncate flow_run, flow_step, flow_task, flow_shard, job',
  ),
);

test('nothing is wrong with a run that was just started', async () => {
  await begun();
  expect(await examine()).toEqual([
    { level: 'ok', message: 'Runs of flows go on or have ended.' },
  ]);
});

test('a counter that does not count what is there is broken', async () => {
  const run = await begun();
  await change('update flow_run set pending = 2 where id = $1', run);
  expect(await examine()).toEqual([
    {
      level: 'broken',
      message: `flow_run.pending of run ${run} is 2, but there are 1.`,
      remedy: expect.stringContaining(`nightshift flows show ${run}`),
    },
  ]);
});

test('a task without a job is told of, until it has one', async () => {
  const run = await begun();
  await change(
    `with gone as (
       update flow_task set created_at = now() - interval '5 minutes' where run_id = $1 returning job_id
     )
     delete from job where id in (select job_id from gone)`,
    run,
  );
  expect(await examine()).toMatchObject([
    {
      level: 'warning',
      message: `1 task of step first of run ${run} has no job any more.`,
    },
  ]);
});

test('a run of which nothing goes on, and a wait that outlasts its time, are broken', async () => {
  const run = await begun();
  await change(
    `update flow_task set state = 'waiting', due_at = now() - interval '5 minutes' where run_id = $1`,
    run,
  );
  expect(await examine()).toMatchObject([
    {
      level: 'broken',
      message: `Step first of run ${run} should have ended waiting 5 minutes ago.`,
    },
  ]);
  await change(`delete from flow_task where run_id = $1`, run);
  await change(`update flow_step set pending_tasks = 0 where run_id = $1`, run);
  await change(
    `update flow_run set created_at = now() - interval '5 minutes' where id = $1`,
    run,
  );
  expect(await examine()).toMatchObject([
    {
      level: 'broken',
      message: `Run ${run} of watched, begun 5 minutes ago, is running, but none of its steps is.`,
    },
  ]);
});

test('runs, tasks and durations are counted by flow', async () => {
  await begun();
  const run = await begun();
  await change(
    `update flow_run set state = 'completed', created_at = now() - interval '3 seconds', ended_at = now() where id = $1`,
    run,
  );
  expect(await flowDepths(database.con.manager)).toEqual([
    {
      flow: 'watched',
      runs: { running: 1, paused: 0, failed: 0 },
      tasks: { queued: 1, running: 0, waiting: 0 },
      ended: { completed: 1, failed: 0, cancelled: 0 },
      duration: { median: 3, p95: 3 },
    },
  ]);
});

test('runs of a version that nobody knows are told of', async () => {
  const run = await begun();
  expect(await examine([{ name: 'watched', version: 2 }])).toMatchObject([
    {
      level: 'broken',
      message:
        '1 run of watched, version 1, cannot go on: neither this version of Nightshift nor any process that runs knows it.',
      remedy: expect.stringContaining(`nightshift flows cancel ${run}`),
    },
  ]);
});

test('runs of a version that a process of another version goes on with are left alone, until that is gone', async () => {
  await begun();
  const reporter = startReporting({
    con: database.con,
    registry: new Registry(),
    logger: pino({ level: 'silent' }),
    name: 'nightshift-background',
    flows: flowsOf(
      withFlows({ queues: {}, declarations: {}, handlers: {} }, [flow]),
    ),
  });
  await reporter.report();
  expect(await examine([{ name: 'watched', version: 2 }])).toMatchObject([
    { level: 'ok' },
  ]);
  await reporter.stop();
  expect(await examine([{ name: 'watched', version: 2 }])).toMatchObject([
    { level: 'broken' },
  ]);
});
