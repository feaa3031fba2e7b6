import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

import { Flow, startAnyFlow } from '../../../src/flows/index.ts';
import { createJob } from '../../../src/jobs/create-job.ts';
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';
import { request, startApi } from '../api.ts';

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
    { flowNamed: async (name) => (name === 'approval' ? approval : undefined) },
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
  expect((await signal('{"granted":true}')).data).toEqual({ signalFlow: true });
  expect(await lastAction()).toMatchObject({
    action: 'flows.signal',
    filter: { run: id, step: 'answer' },
  });
  expect(await control('cancelFlow')).toEqual({ cancelFlow: true });
  expect(await show()).toMatchObject({
    flowRun: { run: { state: 'cancelled' } },
  });
  expect(await ask(`mutation { resumeFlow(id: "${id}") }`)).toMatchObject({
    errors: [{ extensions: { code: 'INVALID_INPUT' } }],
  });
});
