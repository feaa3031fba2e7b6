import { pino } from 'pino';

import { page } from '../../src/flows/sweep/stuck-tasks.ts';
import { createPostgresBackend } from '../../src/flows/backend/postgres-backend.ts';
import {
  brokenCounters,
  Flow,
  getFlowRun,
  startFlow,
  sweepFlows,
} from '../../src/flows/index.ts';
import { useTestDatabase } from '../helpers.ts';
import { Gate } from '../jobs/dispatch/dispatching.ts';
import { backendOf } from './backend/backend.ts';
import { flowing, type Flowing } from './flowing.ts';

const database = useTestDatabase();
const silent = pino({ level: 'silent' });
let running: Flowing | undefined;
let gate = new Gate();

const task = new Flow('task').step('only', {}, () => 'done');
const nap = new Flow('nap').sleep('nap', { seconds: () => 600 });
const approval = new Flow('approval').waitFor('approved', {});
const inner = new Flow('inner').step('hold', {}, async () => {
  await gate.opened;
  return 'from the child';
});
const outer = new Flow('outer').child('inner', inner, { input: () => null });
const wide = new Flow('wide')
  .map('each', { items: () => [1, 2, 3] }, ({ item }) => item)
  .step('sum', { dependsOn: ['each'] }, ({ outputs }) => outputs.each);
const flows = [task, nap, approval, inner, outer, wide];

const serve = async (): Promise<Flowing> => {
  const { url } = database.con.options as { readonly url: string };
  running = flowing(database.con, url, flows);
  await running.dispatcher.start();
  return running;
};
const sql = (text: string, values: unknown[] = []) =>
  database.con.query<{ state: string }[]>(text, values);
const sweep = () => sweepFlows(database.con, silent);
const start = async (flow: Flow<unknown, object, unknown>): Promise<string> =>
  (await startFlow(flow, null, { manager: database.con.manager })).id;
const output = async (id: string): Promise<unknown> =>
  (await getFlowRun(database.con.manager, id))?.output;
/** Runs until the first task of a run waits. */
const untilWaiting = ({ until }: Flowing, id: string): Promise<void> =>
  until(async () => {
    const [row] = await sql('select state from flow_task where run_id = $1', [
      id,
    ]);
    return row?.state === 'waiting';
  });

beforeEach(async () => {
  gate = new Gate();
  await sql(
    'truncate job, job_attempt, jobs_completed, dead_letter, flow_run, flow_step, flow_task, flow_shard, flow_signal, flow_event',
  );
});
afterEach(async () => {
  gate.open();
  await running?.dispatcher.drain();
  running = undefined;
});

test('finds a task whose job is gone', async () => {
  const id = await start(task);
  await sql('delete from job');
  expect(await sweep()).toBe(1);
  expect(await sweep()).toBe(0);
  expect(await (await serve()).ended(id)).toBe('completed');
  expect(await brokenCounters(database.con.manager)).toEqual([]);
});

test('finds a sleep whose time is up and whose job is gone', async () => {
  const flowing_ = await serve();
  const id = await start(nap);
  await untilWaiting(flowing_, id);
  await sql('delete from job');
  await sql(`update flow_task set due_at = now() - interval '1 second'`);
  expect(await sweep()).toBe(1);
  expect(await flowing_.ended(id)).toBe('completed');
  expect(await sweep()).toBe(0);
});

test('finds a step that waits for a child that has ended', async () => {
  const flowing_ = await serve();
  const id = await start(outer);
  await untilWaiting(flowing_, id);
  // While the child ends its parent seems to run, so that nobody wakes it.
  await sql(`update flow_task set state = 'running' where run_id = $1`, [id]);
  gate.open();
  await flowing_.until(async () => {
    const [child] = await sql(
      `select state from flow_run where parent_run = $1`,
      [id],
    );
    return child?.state === 'completed';
  });
  await sql(`update flow_task set state = 'waiting' where run_id = $1`, [id]);
  expect(await sweep()).toBe(1);
  expect(await flowing_.ended(id)).toBe('completed');
  expect(await output(id)).toBe('from the child');
});

test('finds a step whose signal has come', async () => {
  const flowing_ = await serve();
  const id = await start(approval);
  await untilWaiting(flowing_, id);
  expect(await sweep()).toBe(0);
  await sql(
    `insert into flow_signal (id, run_id, name, key, payload) values (gen_random_uuid(), $1, 'approved', 'k', '"yes"')`,
    [id],
  );
  expect(await sweep()).toBe(1);
  expect(await flowing_.ended(id)).toBe('completed');
  expect(await output(id)).toBe('yes');
});

test('finds a map whose items have all ended', async () => {
  const id = await start(wide);
  const flowing_ = await serve();
  const hasItems = async (): Promise<boolean> =>
    (await sql('select state from flow_task where idx = 0')).length > 0;
  await flowing_.until(hasItems);
  await flowing_.dispatcher.drain();
  await sql('delete from job');
  await sql('delete from flow_task where run_id = $1 and step = $2', [
    id,
    'sum',
  ]);
  await sql(
    `update flow_task set state = 'completed', output = item where run_id = $1 and idx >= 0`,
    [id],
  );
  await sql(
    `update flow_step set state = 'running', pending_tasks = 1, ended_at = null where name = 'each'`,
  );
  await sql(
    `update flow_step set state = 'pending', waiting_on = 1, pending_tasks = 0 where name = 'sum'`,
  );
  await sql(`update flow_run set state = 'running', pending = 1`);
  expect(await sweep()).toBe(1);
  expect(await brokenCounters(database.con.manager)).toEqual([]);
  expect(await (await serve()).ended(id)).toBe('completed');
  expect(await output(id)).toEqual([1, 2, 3]);
});

test('goes on behind a page of tasks that wait for good reasons', async () => {
  const waiting = await start(approval);
  await sql(
    `insert into flow_task (run_id, step, idx, state)
     select $1, 'approved', idx, 'waiting' from generate_series(1, $2) as idx`,
    [waiting, page],
  );
  await sql('delete from job');
  const id = await start(task);
  await sql('delete from job');
  // The task of the first run itself, whose job is gone; then the page behind it.
  expect(await sweep()).toBe(1);
  expect(await sweep()).toBe(1);
  expect(await (await serve()).ended(id)).toBe('completed');
});

test('a run that cannot be mended keeps no other one from it', async () => {
  const broken = await start(task);
  const { deliveries } = backendOf(
    database.con,
    createPostgresBackend(database.con),
  );
  await deliveries(task);
  await sql('alter table flow_run drop constraint flow_run_plan_id');
  await sql(`update flow_run set plan_id = 'gone' where id = $1`, [broken]);
  const id = await start(task);
  await sql('delete from job');
  expect(await sweep()).toBe(1);
  expect(await (await serve()).ended(id)).toBe('completed');
});

test('more tasks than a sweep mends, none of which can be mended, keep no other one from it', async () => {
  const broken = await start(task);
  await sql('alter table flow_run drop constraint if exists flow_run_plan_id');
  await sql(`update flow_run set plan_id = 'gone' where id = $1`, [broken]);
  await sql(
    `insert into flow_task (run_id, step, idx, state)
     select $1, 'only', idx, 'queued' from generate_series(1, 600) as idx`,
    [broken],
  );
  const id = await start(task);
  await sql('delete from job');
  expect(await sweep()).toBe(0);
  expect(await sweep()).toBe(1);
  expect(await (await serve()).ended(id)).toBe('completed');
});
