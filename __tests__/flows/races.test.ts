import { randomUUID } from 'node:crypto';
import { once } from 'node:events';

import { pino } from 'pino';

import { createPostgresBackend } from '../../src/flows/backend/postgres-backend.ts';
import {
  brokenCounters,
  cancelFlow,
  describeRun,
  Flow,
  getFlowRun,
  InvalidSignalError,
  retryFlow,
  signalFlow,
  startFlow,
  sweepFlows,
} from '../../src/flows/index.ts';
import { retentionRules } from '../../src/jobs/handlers/retention/rules.ts';
import { wakeUpChannel } from '../../src/jobs/wake-up.ts';
import { useTestDatabase } from '../helpers.ts';
import { Gate } from '../jobs/dispatch/dispatching.ts';
import { until } from '../until.ts';
import { backendOf } from './backend/backend.ts';
import { flowing, type Flowing } from './flowing.ts';

const database = useTestDatabase();
const operator = { actor: 'test' };
let running: Flowing | undefined;
let gate = new Gate();
let calls = 0;
let isBroken = false;

const approval = new Flow('approval').waitFor('approved', {
  timeoutSeconds: 600,
});

const single = new Flow('single').step('only', { attempts: 1 }, () => {
  calls += 1;
  return 'done';
});

const optional = new Flow('optional').step(
  'only',
  { attempts: 1, onExhausted: 'skip' },
  () => 'done',
);

const inner = new Flow('inner').step('hold', {}, async ({ signal }) => {
  await Promise.race([gate.opened, once(signal, 'abort')]);
  return 'from the child';
});

const outer = new Flow('outer')
  .child('inner', inner, { input: () => null })
  .step('breaks', { attempts: 1 }, () => {
    if (isBroken) throw new Error('it is broken');
  });

const serve = async (): Promise<Flowing> => {
  const { url } = database.con.options as { readonly url: string };
  running = flowing(database.con, url, [
    approval,
    single,
    optional,
    inner,
    outer,
  ]);
  await running.dispatcher.start();
  return running;
};

beforeEach(async () => {
  gate = new Gate();
  calls = 0;
  isBroken = false;
  await database.con.query(
    'truncate job, job_attempt, jobs_completed, dead_letter, flow_run, flow_step, flow_task, flow_shard, flow_signal, flow_event',
  );
});
afterEach(async () => {
  gate.open();
  await running?.dispatcher.drain();
  running = undefined;
  expect(await brokenCounters(database.con.manager)).toEqual([]);
});

const start = async (flow: Flow<unknown, object, unknown>): Promise<string> =>
  (await startFlow(flow, null, { manager: database.con.manager })).id;

/** Deletes what is older than now. @returns how many rows */
const forget = async (table: string): Promise<number> => {
  const rule = retentionRules.find((each) => each.table === table)!;
  const [row] = await database.con.query<{ rows: number }[]>(rule.delete, [
    new Date(Date.now() + 60_000),
    1_000,
  ]);
  return row!.rows;
};

/** Asks until there is an answer. */
const answer = async <Row>(
  sql: string,
  values: unknown[] = [],
): Promise<Row> => {
  let row: Row | undefined;
  await until(async () => {
    [row] = await database.con.query<Row[]>(sql, values);
    return row !== undefined;
  });
  return row!;
};

/** The process of Postgres that waits for a lock that this one holds. */
const blockedBy = async (pid: number): Promise<number> =>
  (
    await answer<{ pid: number }>(
      'select pid from pg_stat_activity where $1 = any(pg_blocking_pids(pid))',
      [pid],
    )
  ).pid;

const pidOf = async (runner: {
  query(sql: string): Promise<unknown>;
}): Promise<number> => {
  const [row] = (await runner.query('select pg_backend_pid() as pid')) as {
    pid: number;
  }[];
  return row!.pid;
};

/** Holds the lock on the steps of a run. */
const holding = async (run: string) => {
  const runner = database.con.createQueryRunner();
  await runner.startTransaction();
  await runner.query('select from flow_step where run_id = $1 for update', [
    run,
  ]);
  return {
    blocked: blockedBy(await pidOf(runner)),
    release: async (): Promise<void> => {
      await runner.rollbackTransaction();
      await runner.release();
    },
  };
};

test('a signal that a cancelled wait was about to take is there for its retry', async () => {
  const { manager } = database.con;
  const id = await start(approval);
  await signalFlow(manager, id, 'approved', 'yes');
  const { blocked, release } = await holding(id);
  const { until, ended } = await serve();
  await blocked;
  await cancelFlow(manager, id, operator);
  await release();
  await until(async () => {
    const [row] = await database.con.query<{ jobs: number }[]>(
      'select count(*)::int as jobs from job',
    );
    return row!.jobs === 0;
  });
  expect(
    await database.con.query('select consumed_at from flow_signal'),
  ).toEqual([{ consumed_at: null }]);
  await retryFlow(manager, id, operator);
  expect(await ended(id)).toBe('completed');
  expect((await getFlowRun(manager, id))?.output).toBe('yes');
});

test('a run that was cancelled while its last step ended completes when it is retried', async () => {
  const id = await start(single);
  const backend = createPostgresBackend(database.con);
  const { deliveries, complete } = backendOf(database.con, backend);
  const [task] = await backend.claim(await deliveries(single));
  const runner = database.con.createQueryRunner();
  await runner.startTransaction();
  await cancelFlow(runner.manager, id, operator);
  const blocked = blockedBy(await pidOf(runner));
  const settled = complete(single, [task!], 'late');
  await blocked;
  await runner.commitTransaction();
  await runner.release();
  expect(await settled).toEqual(['settled']);
  const { manager } = database.con;
  expect((await getFlowRun(manager, id))?.state).toBe('cancelled');
  await retryFlow(manager, id, operator);
  expect(await getFlowRun(manager, id)).toMatchObject({
    state: 'completed',
    output: 'late',
  });
});

test('a wait that has timed out waits its whole time again when it is retried', async () => {
  const { manager } = database.con;
  const { ended } = await serve();
  const id = await start(approval);
  await answer(
    `select from flow_task where run_id = $1 and state = 'waiting'`,
    [id],
  );
  // Ten minutes pass.
  await database.con.transaction(async (own) => {
    await own.query(
      `update flow_task set due_at = now() - interval '1 second'`,
    );
    await own.query(`update job set state = 'pending', run_at = now()`);
    await own.query('select pg_notify($1, $2)', [wakeUpChannel, 'flows']);
  });
  expect(await ended(id)).toBe('failed');
  await retryFlow(manager, id, operator);
  const task = await answer<{ state: string; is_due: boolean }>(
    `select state, due_at < now() as is_due from flow_task where run_id = $1 and state in ('waiting', 'failed')`,
    [id],
  );
  expect(task).toEqual({ state: 'waiting', is_due: false });
  await signalFlow(manager, id, 'approved', 'at last');
  expect(await ended(id)).toBe('completed');
});

test('a step that may be skipped is, also if its only attempt died before it had claimed its task', async () => {
  const id = await start(optional);
  const { deliveries, expire } = backendOf(
    database.con,
    createPostgresBackend(database.con),
  );
  expect(await deliveries(optional)).toHaveLength(1);
  await expire();
  await sweepFlows(database.con, pino({ level: 'silent' }));
  expect((await getFlowRun(database.con.manager, id))?.state).toBe('completed');
});

test('a task that waited under an older job fails with its new one, though nobody claimed it', async () => {
  const { manager } = database.con;
  const id = await start(single);
  const backend = createPostgresBackend(database.con);
  const { deliveries, expire } = backendOf(database.con, backend);
  await backend.claim(await deliveries(single));
  // As if it had been claimed often.
  await database.con.query('update flow_task set fence = 7');
  await database.con.query('delete from job');
  await sweepFlows(database.con, pino({ level: 'silent' }));
  expect(await deliveries(single)).toHaveLength(1);
  await expire();
  await sweepFlows(database.con, pino({ level: 'silent' }));
  expect((await getFlowRun(manager, id))?.state).toBe('failed');
});

test('a connection lost while a step is settled is no failure of the step', async () => {
  const id = await start(single);
  const { blocked, release } = await holding(id);
  const { ended } = await serve();
  await database.con.query('select pg_terminate_backend($1)', [await blocked]);
  await release();
  expect(await ended(id)).toBe('completed');
  expect(calls).toBe(1);
});

test('a message that names no task is done with', async () => {
  await database.con.query(
    `insert into job (id, queue, name, state, rank, priority, turn, tenant, payload, attempts, backoff, timeout_seconds, run_at)
     values ($1, 'flows', 'flow single@1', 'pending', 0, 0, 0, '', '{"run": 7}', 1, '{"seconds": 1, "growth": "fixed"}', 10, now())`,
    [randomUUID()],
  );
  const { until } = await serve();
  await until(async () => {
    const [row] = await database.con.query<{ jobs: number }[]>(
      'select count(*)::int as jobs from job',
    );
    return row!.jobs === 0;
  });
});

test('a step that begins anew cancels the child that its former one still runs', async () => {
  const { manager } = database.con;
  isBroken = true;
  const { ended } = await serve();
  const id = await start(outer);
  const child = await answer<{ id: string }>(
    `select run.id from flow_run run join flow_task task on task.run_id = run.id
     where run.parent_run = $1 and task.state = 'running'`,
    [id],
  );
  expect(await ended(id)).toBe('failed');
  isBroken = false;
  await retryFlow(manager, id, operator, { from: 'inner' });
  expect((await getFlowRun(manager, child.id))?.state).toBe('cancelled');
  gate.open();
  expect(await ended(id)).toBe('completed');
  expect((await describeRun(manager, id))?.run.state).toBe('completed');
});

test('a child is kept as long as its parent, which may be retried and ask for it', async () => {
  const { manager } = database.con;
  isBroken = true;
  gate.open();
  const { ended } = await serve();
  const id = await start(outer);
  expect(await ended(id)).toBe('failed');
  const child = await answer<{ id: string }>(
    `select id from flow_run where parent_run = $1 and state = 'completed'`,
    [id],
  );
  // The child still tells its parent of its end, which takes the same rows in another order.
  await running?.dispatcher.drain();
  expect(await forget('flow_run')).toBe(0);
  await database.con.query(`update dead_letter set state = 'resolved'`);
  expect(await forget('flow_run')).toBe(1);
  expect(await forget('flow_run')).toBe(1);
  expect(await getFlowRun(manager, child.id)).toBeUndefined();
});

test('retention leaves the plan of a run that is just being started', async () => {
  await start(single);
  await database.con.query('truncate flow_run, flow_step, flow_task, job');
  const id = await database.con.transaction(async (manager) => {
    const run = await startFlow(single, null, { manager });
    await forget('flow_plan');
    return run.id;
  });
  const [plans] = await database.con.query<{ plans: number }[]>(
    `select count(*)::int as plans from flow_plan where flow = 'single'`,
  );
  expect(plans!.plans).toBe(1);
  const { ended } = await serve();
  expect(await ended(id)).toBe('completed');
});

test('a signal with a key that Postgres cannot store is refused', async () => {
  const id = await start(approval);
  await expect(
    signalFlow(database.con.manager, id, 'approved', null, { key: 'a\0b' }),
  ).rejects.toThrow(InvalidSignalError);
});

test('a sender that never stops is refused, but what it sent before is known', async () => {
  const { manager } = database.con;
  const id = await start(approval);
  await database.con.query(
    `insert into flow_signal (id, run_id, name, key)
     select gen_random_uuid(), $1, 'approved', 'key ' || n from generate_series(1, 999) n`,
    [id],
  );
  const send = (key: string) =>
    signalFlow(manager, id, 'approved', 'yes', { key });
  expect(await send('last')).toBe(true);
  expect(await send('last')).toBe(false);
  await expect(send('one more')).rejects.toThrow(
    /expected at most 1000 signals to a step/,
  );
});

test('a child that ends while its parent begins to wait for it wakes it', async () => {
  const { con } = database;
  const { until, ended } = await serve();
  const id = await start(outer);
  const stateOfParent = async () => {
    const [task] = await con.query<{ state: string }[]>(
      `select state from flow_task where run_id = $1 and step = 'inner'`,
      [id],
    );
    return task?.state;
  };
  await until(async () => (await stateOfParent()) === 'waiting');
  // As it is when a retry runs both again: the parent's task runs, and has not seen that its child does, too.
  await con.query(
    `update flow_task set state = 'running' where run_id = $1 and step = 'inner'`,
    [id],
  );
  const parent = con.createQueryRunner();
  await parent.startTransaction();
  const [child] = (await parent.query(
    'select id from flow_run where parent_run = $1 for update',
    [id],
  )) as { id: string }[];
  gate.open();
  await answer(
    `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  await parent.query(
    `update flow_task set state = 'waiting' where run_id = $1 and step = 'inner'`,
    [id],
  );
  await parent.commitTransaction();
  await parent.release();
  expect(await ended(child!.id)).toBe('completed');
  expect(await stateOfParent()).not.toBe('waiting');
  expect(await ended(id)).toBe('completed');
});
