import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { Counter, Registry } from 'prom-client';
import { z } from 'zod';

import { Flow, startAnyFlow } from '../../../src/flows/index.ts';
import { createJob, createJobs } from '../../../src/jobs/create-job.ts';
import { startReporting } from '../../../src/observation/processes/reporter.ts';
import { declaredResources } from '../../../src/provision/declared.ts';
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';
import { request, startApi } from '../api.ts';

const silentLogger = pino({ level: 'silent' });
const operatorSecret = 'the-secret-of-the-operators';
const headers = {
  authorization: `Bearer ${operatorSecret}`,
  'x-operator': 'on-call',
};

/** Waits for somebody's word. */
const approval = new Flow('approval', { input: z.object({}) })
  .step('ask', {}, async () => null)
  .waitFor('answer', {
    dependsOn: ['ask'],
    payload: z.object({ granted: z.boolean() }),
  });

let database: TestDatabase;
let app: FastifyInstance;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startApi(
    database,
    { operatorSecret },
    {
      flowOf: async (name, version) =>
        name === 'approval' && version === 1 ? approval : undefined,
    },
  );
});
afterAll(async () => {
  await app.close();
  await database.drop();
});

const ask = (query: string, variables: Record<string, unknown> = {}) =>
  request(app, query, { variables, headers });

const lastAction = async () => {
  const { data } = await ask(
    '{ operatorActions(first: 1) { items { action actor reason filter } } }',
  );
  return (data as { operatorActions: { items: unknown[] } }).operatorActions
    .items[0];
};

test('jobs are listed by page and shown, with what people wrote hidden', async () => {
  const { manager } = database.dataSource;
  const ids: string[] = [];
  for (const counter of ['post-upvotes', 'post-comments'] as const)
    ids.push(
      await createJob(
        'reconcile-counters',
        { payload: { counter } },
        { manager },
      ),
    );
  const list = `query ($after: ID) {
    jobs(state: pending, queue: "reconciliation", first: 1, after: $after) { items { id name attempts } next }
  }`;
  const [older, newer] = ids;
  expect((await ask(list)).data).toMatchObject({
    jobs: { items: [{ id: newer, name: 'reconcile-counters' }], next: newer },
  });
  expect((await ask(list, { after: newer })).data).toMatchObject({
    jobs: { items: [{ id: older }], next: null },
  });
  expect(
    (
      await ask(
        `{ job(id: "${older}") { job { id state queue } history { attempt } result deadLetter } }`,
      )
    ).data,
  ).toEqual({
    job: {
      job: { id: older, state: 'pending', queue: 'reconciliation' },
      history: [],
      result: null,
      deadLetter: null,
    },
  });
});

test('a queue is paused and resumed, and the audit log keeps why', async () => {
  const pausedBy = async () => {
    const { data } = await ask('{ queues { queue pausedBy strict } }');
    const { queues } = data as {
      queues: { queue: string; pausedBy: string | null }[];
    };
    return queues.find(({ queue }) => queue === 'sync')?.pausedBy;
  };
  expect(await pausedBy()).toBeNull();
  await ask('mutation { pauseQueue(queue: "sync", reason: "feeds are down") }');
  expect(await pausedBy()).toBe('on-call');
  expect(await lastAction()).toEqual({
    action: 'queues.pause',
    actor: 'on-call',
    reason: 'feeds are down',
    filter: { queue: 'sync' },
  });
  await ask('mutation { resumeQueue(queue: "sync") }');
  expect(await pausedBy()).toBeNull();
  expect(await ask('mutation { pauseQueue(queue: "x") }')).toMatchObject({
    errors: [{ extensions: { code: 'INVALID_INPUT' } }],
  });
});

test('a schedule runs now, audited', async () => {
  const { data } = await ask('{ schedules { name jobs next } }');
  expect(data).toMatchObject({
    schedules: expect.arrayContaining([
      expect.objectContaining({ name: 'reconciliation' }),
    ]),
  });
  expect(
    (await ask('mutation { runSchedule(name: "reconciliation") }')).data,
  ).toMatchObject({ runSchedule: expect.any(Array) });
  expect(await lastAction()).toMatchObject({
    action: 'schedules.run',
    filter: { schedule: 'reconciliation' },
  });
  expect(await ask('mutation { runSchedule(name: "x") }')).toMatchObject({
    errors: [{ extensions: { code: 'INVALID_INPUT' } }],
  });
});

test('a run of a flow shows why its steps wait, and is paused, signalled and cancelled', async () => {
  const { id } = await startAnyFlow(
    approval,
    {},
    {
      manager: database.dataSource.manager,
    },
  );
  const show = async () =>
    (
      await ask(`{ flowRun(id: "${id}") {
        run { state } steps { name state why x y } edges { from to } timeline { type }
      } }`)
    ).data;
  expect(await show()).toMatchObject({
    flowRun: {
      run: { state: 'running' },
      steps: [
        { name: 'ask', state: 'queued' },
        {
          name: 'answer',
          state: 'pending',
          why: expect.stringContaining('ask'),
        },
      ],
      edges: [{ from: 'ask', to: 'answer' }],
      timeline: [{ type: 'run started' }, expect.anything()],
    },
  });
  expect(
    (await ask('{ flowRuns(flow: "approval") { items { id } } }')).data,
  ).toEqual({ flowRuns: { items: [{ id }] } });
  const control = async (field: string) =>
    (await ask(`mutation { ${field}(id: "${id}", reason: "x") }`)).data;
  expect(await control('pauseFlow')).toEqual({ pauseFlow: true });
  expect(await control('resumeFlow')).toEqual({ resumeFlow: true });
  const signal = (payload: string) =>
    ask(
      'mutation ($id: ID!, $payload: String!) { signalFlow(id: $id, step: "answer", payload: $payload) }',
      { id, payload },
    );
  for (const payload of ['{"granted":"perhaps"}', 'no JSON'])
    expect(await signal(payload)).toMatchObject({
      errors: [{ extensions: { code: 'INVALID_INPUT' } }],
    });
  const example = `{ flowRun(id: "${id}") { steps { name signalExample } } }`;
  expect((await ask(example)).data).toMatchObject({
    flowRun: {
      steps: [
        { name: 'ask', signalExample: null },
        { name: 'answer', signalExample: '{\n  "granted": false\n}' },
      ],
    },
  });
  expect((await signal('{"granted":true}')).data).toEqual({ signalFlow: true });
  expect(await lastAction()).toMatchObject({
    action: 'flows.signal',
    filter: { run: id, step: 'answer' },
  });
  expect(await control('cancelFlow')).toEqual({ cancelFlow: true });
  expect(await show()).toMatchObject({
    flowRun: { run: { state: 'cancelled' } },
  });
  expect(await signal('{"granted":true}')).toMatchObject({
    errors: [{ message: expect.stringMatching(/but it is cancelled/) }],
  });
  expect(await ask(`mutation { resumeFlow(id: "${id}") }`)).toMatchObject({
    errors: [{ extensions: { code: 'INVALID_INPUT' } }],
  });
});

test('a signal to a step that has ended, or of a version that is not known here, is refused and changes nothing', async () => {
  const { manager } = database.dataSource;
  const { id } = await startAnyFlow(approval, {}, { manager });
  const refusal = async (): Promise<string | undefined> => {
    const { errors } = await ask(
      `mutation { signalFlow(id: "${id}", step: "answer", payload: "{\\"granted\\":true}") }`,
    );
    return (errors as { message: string }[] | undefined)?.[0]?.message;
  };
  await manager.query(
    `update flow_step set state = 'skipped' where run_id = $1 and name = 'answer'`,
    [id],
  );
  expect(await refusal()).toMatch(/but it is skipped already/);
  await manager.query('update flow_run set version = 2 where id = $1', [id]);
  expect(await refusal()).toMatch(
    /expected the flow approval, version 2, to be known here/,
  );
  expect(
    await manager.query('select from flow_signal where run_id = $1', [id]),
  ).toEqual([]);
});

test('the job of a step is not cancelled alone: its run is named', async () => {
  const { manager } = database.dataSource;
  const { id } = await startAnyFlow(approval, {}, { manager });
  const [job] = await manager.query<[{ id: string }]>(
    'select id from job where cause = $1',
    [id],
  );
  expect(await ask(`mutation { cancelJob(id: "${job.id}") }`)).toMatchObject({
    errors: [
      {
        extensions: { code: 'INVALID_INPUT' },
        message: expect.stringContaining(
          `does the step ask of the run ${id} of a flow; cancel the run: nightshift flows cancel ${id}`,
        ),
      },
    ],
  });
  expect(
    (await ask(`{ job(id: "${job.id}") { job { state } flowRun } }`)).data,
  ).toEqual({ job: { job: { state: 'pending' }, flowRun: id } });
});

test('a schedule shows its last ticks with their jobs, and the next ones', async () => {
  const { dataSource } = database;
  const history = `{ schedule(name: "webhook-retry") {
    schedule { cron } past { at jobs { job id state error } } next
  } }`;
  expect((await ask(history)).data).toMatchObject({
    schedule: { schedule: { cron: '*/5 * * * *' }, past: [] },
  });
  const tick = new Date(Math.floor(Date.now() / 300_000) * 300_000);
  const [created] = await createJobs(
    'retry-webhooks',
    [
      {
        payload: {},
        idempotencyKey: `schedule:webhook-retry:${tick.toISOString()}`,
      },
    ],
    { manager: dataSource.manager },
  );
  const { data } = await ask(history);
  const { past, next } = (
    data as { schedule: { past: { jobs: unknown[] }[]; next: string[] } }
  ).schedule;
  // Minutes may have passed since the tick.
  expect(past.at(-1)).toEqual({
    at: tick.toISOString(),
    jobs: [
      { job: 'retry-webhooks', id: created!.id, state: 'pending', error: null },
    ],
  });
  expect(next).toHaveLength(5);
  expect(Date.parse(next[0]!)).toBeGreaterThan(tick.getTime());
  expect(await ask('{ schedule(name: "unknown") { next } }')).toMatchObject({
    errors: [{ extensions: { code: 'NOT_FOUND' } }],
  });
});

test('a subscription shows what it is declared with, what the broker has, and who serves it', async () => {
  const registry = new Registry();
  const messages = new Counter({
    name: 'nightshift_host_messages_total',
    help: 'x',
    labelNames: ['subscription', 'outcome'],
    registers: [registry],
  });
  messages.inc({ subscription: 'api-cdc', outcome: 'ack' }, 7);
  messages.inc({ subscription: 'api-cdc', outcome: 'nack' }, 2);
  const reporter = startReporting({
    con: database.dataSource,
    registry,
    logger: silentLogger,
    name: 'nightshift-background',
  });
  await reporter.report();
  const { settings } = declaredResources().subscriptions.find(
    ({ name }) => name === 'api-cdc',
  )!;
  const other = await startApi(
    database,
    { operatorSecret },
    {
      brokerSettings: async () =>
        new Map([['api-cdc', { ...settings, ackDeadlineSeconds: 10 }]]),
    },
  );
  const { data } = await request(
    other,
    `{ subscriptionDetails(name: "api-cdc") {
      topic isDeclared options { name declared live differs } processes { name handled failed } openDeadLetters
    } }`,
    { headers },
  );
  expect(data).toMatchObject({
    subscriptionDetails: {
      topic: 'api.changes',
      isDeclared: true,
      processes: [{ name: 'nightshift-background', handled: 7, failed: 2 }],
      openDeadLetters: 0,
    },
  });
  const { options } = (
    data as { subscriptionDetails: { options: { differs: boolean }[] } }
  ).subscriptionDetails;
  expect(options.filter(({ differs }) => differs)).toEqual([
    {
      name: 'ackDeadlineSeconds',
      declared: '60',
      live: '10',
      differs: true,
    },
  ]);
  // A process that cannot ask the broker says so, and shows the rest.
  const unasked = await ask(
    '{ subscriptionDetails(name: "api-cdc") { liveUnknown options { live } } }',
  );
  expect(unasked.data).toMatchObject({
    subscriptionDetails: {
      liveUnknown: 'this process cannot ask the broker',
      options: expect.arrayContaining([{ live: null }]),
    },
  });
  await reporter.stop();
  await other.close();
});
