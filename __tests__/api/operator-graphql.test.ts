import type { FastifyInstance } from 'fastify';
import { v7 as uuidv7 } from 'uuid';

import {
  openRedriver,
  previewWith,
  redriveWith,
} from '../../src/commands/redriver.ts';
import { fullRegistry } from '../../src/commands/work-registry.ts';
import { writeDeadLetter } from '../../src/dead-letters/desk.ts';
import { DeadLetter } from '../../src/entity/index.ts';
import { flows } from '../../src/flows/definitions/index.ts';
import { settleDeadTasks } from '../../src/flows/execution/dead-tasks.ts';
import { flowNamed, getFlowRun, startAnyFlow } from '../../src/flows/index.ts';
import { createLogger } from '../../src/logger.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { gateway, request, startApi } from './api.ts';

const operatorSecret = 'the-secret-of-the-operators';
const operator = {
  authorization: `Bearer ${operatorSecret}`,
  'x-operator': 'on-call',
};

let database: TestDatabase;
let app: FastifyInstance;
/** Without a token for operators. */
let closed: FastifyInstance;
let redriver: ReturnType<typeof openRedriver>;

beforeAll(async () => {
  database = await createTestDatabase();
  const logger = createLogger('test');
  logger.level = 'silent';
  redriver = openRedriver(database.dataSource, logger, fullRegistry);
  app = await startApi(
    database,
    { operatorSecret },
    { redrive: redriveWith(redriver), preview: previewWith(redriver) },
  );
  closed = await startApi(database);
});
beforeEach(() => database.dataSource.query('delete from dead_letter'));
afterAll(async () => {
  await app.close();
  await closed.close();
  await redriver.close();
  await database.drop();
});

const ask = (
  query: string,
  variables: Record<string, unknown> = {},
  headers: Record<string, string> = operator,
) => request(app, query, { variables, headers });

const bury = async (payload: object = { commentId: uuidv7() }) => {
  const identity = uuidv7();
  await writeDeadLetter(database.dataSource.manager, {
    source: 'pubsub',
    subscription: 'api.comment-markdown',
    topic: 'comment-changed',
    identity,
    eventId: identity,
    publishTime: new Date(),
    payload: Buffer.from(JSON.stringify(payload)),
    attributes: { id: identity },
    error: new Error('broken'),
    attempts: 5,
  });
  return database.dataSource
    .getRepository(DeadLetter)
    .findOneByOrFail({ identity });
};

const redrive = /* GraphQL */ `
  mutation (
    $choice: DeadLetterChoice!
    $limit: Int! = 100
    $dryRun: Boolean! = false
    $reason: String
  ) {
    redriveDeadLetters(
      choice: $choice
      limit: $limit
      dryRun: $dryRun
      reason: $reason
    ) {
      dryRun
      matching
      chosen
      redriven
      failed
      left
      results {
        id
        outcome
        error
      }
    }
  }
`;
const resolve = /* GraphQL */ `
  mutation ($choice: DeadLetterChoice!, $reason: String! = "deleted") {
    resolveDeadLetters(choice: $choice, reason: $reason) {
      resolved
    }
  }
`;

/** Every field of the schema that is meant for operators, as its description says. */
const operatorFields = [
  'Query.causality',
  'Query.deadLetter',
  'Query.deadLetterGroups',
  'Query.deadLetters',
  'Query.doctor',
  'Query.flowRun',
  'Query.flowRuns',
  'Query.exports',
  'Query.feedConnection',
  'Query.feedConnections',
  'Query.schedule',
  'Query.subscriptionDetails',
  'Query.webhookDeliveries',
  'Query.webhookDelivery',
  'Query.webhookEndpoints',
  'Mutation.syncConnection',
  'Query.job',
  'Query.jobs',
  'Query.queues',
  'Query.schedules',
  'Mutation.cancelFlow',
  'Mutation.pauseFlow',
  'Mutation.resumeFlow',
  'Mutation.retryFlow',
  'Mutation.signalFlow',
  'Query.bulkPreview',
  'Query.bulkActions',
  'Query.bulkAction',
  'Mutation.cancelBulkAction',
  'Mutation.redriveInBulk',
  'Mutation.resolveInBulk',
  'Mutation.retryJobsInBulk',
  'Mutation.cancelJobsInBulk',
  'Mutation.retryFlowsInBulk',
  'Mutation.cancelFlowsInBulk',
  'Mutation.cancelJob',
  'Mutation.resendDeadLetter',
  'Query.editPreview',
  'Mutation.pauseSubscription',
  'Mutation.resumeSubscription',
  'Query.subscriptionPauses',
  'Mutation.pauseQueue',
  'Mutation.resumeQueue',
  'Mutation.runSchedule',
  'Query.operator',
  'Query.operatorActions',
  'Query.overview',
  'Query.redrivePreview',
  'Mutation.redriveDeadLetters',
  'Mutation.resolveDeadLetters',
  'Mutation.revealDeadLetter',
];

const documents: Readonly<Record<string, string>> = {
  'Query.causality': `{ causality(id: "${uuidv7()}") { found } }`,
  'Query.deadLetter': `{ deadLetter(id: "${uuidv7()}") { payload } }`,
  'Query.deadLetterGroups': '{ deadLetterGroups { entries } }',
  'Query.deadLetters': '{ deadLetters { next } }',
  'Query.doctor': '{ doctor { at } }',
  'Query.flowRun': `{ flowRun(id: "${uuidv7()}") { progress } }`,
  'Query.flowRuns': '{ flowRuns { next } }',
  'Query.exports': '{ exports { next } }',
  'Query.feedConnection': `{ feedConnection(id: "${uuidv7()}") { items } }`,
  'Query.feedConnections': '{ feedConnections { next } }',
  'Query.schedule': '{ schedule(name: "reconciliation") { next } }',
  'Query.subscriptionDetails':
    '{ subscriptionDetails(name: "api-cdc") { topic } }',
  'Query.webhookDeliveries': '{ webhookDeliveries { next } }',
  'Query.webhookDelivery': `{ webhookDelivery(id: "${uuidv7()}") { jobId } }`,
  'Query.webhookEndpoints': '{ webhookEndpoints { next } }',
  'Mutation.syncConnection': `mutation { syncConnection(id: "${uuidv7()}") }`,
  'Query.job': `{ job(id: "${uuidv7()}") { key } }`,
  'Query.jobs': '{ jobs { next } }',
  'Query.queues': '{ queues { queue } }',
  'Query.schedules': '{ schedules { name } }',
  'Mutation.cancelFlow': `mutation { cancelFlow(id: "${uuidv7()}") }`,
  'Mutation.pauseFlow': `mutation { pauseFlow(id: "${uuidv7()}") }`,
  'Mutation.resumeFlow': `mutation { resumeFlow(id: "${uuidv7()}") }`,
  'Mutation.retryFlow': `mutation { retryFlow(id: "${uuidv7()}") }`,
  'Mutation.signalFlow': `mutation { signalFlow(id: "${uuidv7()}", step: "x") }`,
  'Query.bulkPreview':
    '{ bulkPreview(kind: cancelJobs, jobs: { all: true }) { matching } }',
  'Query.bulkActions': '{ bulkActions { next } }',
  'Query.bulkAction': `{ bulkAction(id: "${uuidv7()}") { action { id } } }`,
  'Mutation.cancelBulkAction': `mutation { cancelBulkAction(id: "${uuidv7()}") }`,
  'Mutation.redriveInBulk':
    'mutation { redriveInBulk(choice: { all: true }, reason: "x") { id } }',
  'Mutation.resolveInBulk':
    'mutation { resolveInBulk(choice: { all: true }, reason: "x") { id } }',
  'Mutation.retryJobsInBulk':
    'mutation { retryJobsInBulk(choice: { all: true }, reason: "x") { id } }',
  'Mutation.cancelJobsInBulk':
    'mutation { cancelJobsInBulk(choice: { all: true }, reason: "x") { id } }',
  'Mutation.retryFlowsInBulk':
    'mutation { retryFlowsInBulk(choice: { all: true }, reason: "x") { id } }',
  'Mutation.cancelFlowsInBulk':
    'mutation { cancelFlowsInBulk(choice: { all: true }, reason: "x") { id } }',
  'Mutation.pauseSubscription':
    'mutation { pauseSubscription(subscription: "x", reason: "x") }',
  'Mutation.resumeSubscription':
    'mutation { resumeSubscription(subscription: "x") }',
  'Query.subscriptionPauses': '{ subscriptionPauses { reason } }',
  'Mutation.resendDeadLetter': `mutation { resendDeadLetter(id: "${uuidv7()}", document: "1", reason: "x") { outcome } }`,
  'Query.editPreview': `{ editPreview(id: "${uuidv7()}", document: "1") { fits } }`,
  'Mutation.cancelJob': `mutation { cancelJob(id: "${uuidv7()}") }`,
  'Mutation.pauseQueue': 'mutation { pauseQueue(queue: "sync") }',
  'Mutation.resumeQueue': 'mutation { resumeQueue(queue: "sync") }',
  'Mutation.runSchedule': 'mutation { runSchedule(name: "reconciliation") }',
  'Query.operator': '{ operator { name } }',
  'Query.overview': '{ overview { at } }',
  'Query.redrivePreview':
    '{ redrivePreview(choice: { all: true }) { matching } }',
  'Query.operatorActions': '{ operatorActions { next } }',
  'Mutation.redriveDeadLetters':
    'mutation { redriveDeadLetters(choice: { all: true }) { chosen } }',
  'Mutation.resolveDeadLetters':
    'mutation { resolveDeadLetters(choice: { all: true }, reason: "x") { resolved } }',
  'Mutation.revealDeadLetter': `mutation { revealDeadLetter(id: "${uuidv7()}") { payload } }`,
};

test('every field for operators is known to the tests of who may see it', () => {
  const { schema } = app.graphql;
  const meant = [schema.getQueryType(), schema.getMutationType()].flatMap(
    (type) =>
      Object.values(type?.getFields() ?? {})
        .filter(({ description }) => description?.startsWith('For operators.'))
        .map(({ name }) => `${type?.name}.${name}`),
  );
  expect(meant.sort()).toEqual([...operatorFields].sort());
  expect(Object.keys(documents).sort()).toEqual([...operatorFields].sort());
});

test.each(operatorFields)(
  '%s opens to no token but the one of operators',
  async (field) => {
    const document = documents[field] as string;
    for (const headers of [{}, gateway, { authorization: 'Bearer x' }])
      expect(await ask(document, {}, headers)).toMatchObject({
        status: 401,
        data: null,
        errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
      });
    for (const headers of [{}, gateway])
      expect(await request(closed, document, { headers })).toMatchObject({
        data: null,
        errors: [{ extensions: { code: 'CLOSED' } }],
      });
  },
);

test('the token of operators opens nothing of the gateway, even where the gateway has none', async () => {
  for (const secrets of [{}, { apiSecret: undefined }]) {
    const other = await startApi(database, { operatorSecret, ...secrets });
    expect(
      await request(other, '{ viewer { id } }', {
        headers: { ...operator, 'x-user-id': uuidv7() },
      }),
    ).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
    expect(
      await request(other, '{ deadLetters { next } }', { headers: operator }),
    ).toMatchObject({ data: { deadLetters: { next: null } } });
    await other.close();
  }
});

test('answers to operators are kept by no cache', async () => {
  const { headers } = await app.inject({
    url: '/graphql?query={deadLetters{next}}',
    headers: operator,
  });
  expect(headers['cache-control']).toBe('no-store');
});

test('entries are listed by page and group, and one is shown with its message', async () => {
  const first = await bury({ commentId: 'c1' });
  const second = await bury();
  const list = `query ($filter: DeadLetterFilter, $after: ID) {
    deadLetters(filter: $filter, first: 1, after: $after) { items { id state lastSeenAt } next }
  }`;
  expect((await ask(list)).data).toMatchObject({
    deadLetters: { items: [{ id: second.id, state: 'open' }], next: second.id },
  });
  expect((await ask(list, { after: second.id })).data).toMatchObject({
    deadLetters: { items: [{ id: first.id }], next: null },
  });
  expect(
    (
      await ask(list, {
        filter: { payload: ['commentId=c1'], newerThan: '1h', topic: null },
      })
    ).data,
  ).toMatchObject({ deadLetters: { items: [{ id: first.id }] } });
  expect(
    (
      await ask(`{ deadLetterGroups(filter: { source: pubsub, state: any }) {
        entries groups { entries fingerprint error }
      } }`)
    ).data,
  ).toMatchObject({
    deadLetterGroups: {
      entries: 2,
      groups: [{ entries: 2, fingerprint: first.fingerprint }],
    },
  });
  expect(
    (
      await ask(`mutation { revealDeadLetter(id: "${first.id}") {
        entry { id } errorStack attributes document payload
      } }`)
    ).data,
  ).toMatchObject({
    revealDeadLetter: {
      entry: { id: first.id },
      errorStack: expect.stringContaining('broken'),
      attributes: { id: first.identity },
      document: { commentId: 'c1' },
      payload: Buffer.from('{"commentId":"c1"}').toString('base64'),
    },
  });
  expect(
    await ask(`{ deadLetter(id: "${uuidv7()}") { payload } }`),
  ).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
});

test('a dry run counts, a canary runs the first message alone, then the rest', async () => {
  const good = await bury();
  const bad = await bury({ commentId: 'no uuid' });
  const choice = { fingerprint: good.fingerprint };
  expect((await ask(redrive, { choice, dryRun: true })).data).toMatchObject({
    redriveDeadLetters: { dryRun: true, matching: 2, chosen: 2, redriven: 0 },
  });
  expect((await ask(redrive, { choice, limit: 1 })).data).toMatchObject({
    redriveDeadLetters: {
      dryRun: false,
      redriven: 1,
      results: [{ id: good.id, outcome: 'redriven' }],
    },
  });
  expect((await ask(redrive, { choice, reason: 'mended' })).data).toMatchObject(
    {
      redriveDeadLetters: {
        redriven: 0,
        failed: 1,
        results: [{ id: bad.id, outcome: 'failed', error: expect.any(String) }],
      },
    },
  );
  expect(
    (
      await ask(
        '{ operatorActions(first: 1) { items { action actor reason counts } } }',
      )
    ).data,
  ).toMatchObject({
    operatorActions: {
      items: [
        {
          action: 'dead-letters.redrive.finished',
          actor: 'on-call',
          reason: 'mended',
          counts: { failed: 1 },
        },
      ],
    },
  });
});

test('a preview tells what the handlers of today can read, and runs nothing', async () => {
  await bury();
  const old = await bury({ id: 17 });
  const { data } = await ask(
    `{ redrivePreview(choice: { all: true }) {
      matching looked fitting refused { reason entries example }
    } }`,
  );
  expect(data).toEqual({
    redrivePreview: {
      matching: 2,
      looked: 2,
      fitting: 1,
      refused: [
        {
          reason: expect.stringContaining('commentId'),
          entries: 1,
          example: old.id,
        },
      ],
    },
  });
  expect(
    await database.dataSource
      .getRepository(DeadLetter)
      .countBy({ redrives: 0 }),
  ).toBe(2);
});

test('entries are resolved for a reason', async () => {
  const { id } = await bury();
  const choice = { ids: [id] };
  expect(await ask(resolve, { choice, reason: ' ' })).toMatchObject({
    errors: [{ extensions: { code: 'INVALID_INPUT' } }],
  });
  expect((await ask(resolve, { choice })).data).toEqual({
    resolveDeadLetters: { resolved: 1 },
  });
});

test.each([
  ['no choice', redrive, { choice: {} }],
  ['only a state', redrive, { choice: { state: 'open' } }],
  ['no ids', redrive, { choice: { ids: [] } }],
  ['too large a limit', redrive, { choice: { all: true }, limit: 101 }],
  ['a wrong duration', redrive, { choice: { olderThan: 'soon' } }],
  ['a wrong condition', redrive, { choice: { payload: ['nonsense'] } }],
  ['no choice to resolve', resolve, { choice: { all: null } }],
  ['too large a page', '{ deadLetters(first: 101) { next } }', {}],
])('refuses %s', async (_, document, variables) => {
  await bury();
  expect(await ask(document, variables)).toMatchObject({
    errors: [{ extensions: { code: 'INVALID_INPUT' } }],
  });
});

test('who changes something gives a name', async () => {
  await bury();
  const { authorization } = operator;
  const choice = { all: true };
  for (const document of [redrive, resolve])
    expect(await ask(document, { choice }, { authorization })).toMatchObject({
      errors: [{ extensions: { code: 'INVALID_INPUT' } }],
    });
});

test('the redrive of an entry of a flow lets its run go on with the step that failed', async () => {
  const { manager } = database.dataSource;
  const { id } = await startAnyFlow(
    flowNamed(flows, 'user-data')!,
    { userId: uuidv7(), format: 'csv' },
    { manager },
  );
  const [task] = await database.dataSource.query<
    { step: string; idx: number; job_id: string }[]
  >('select step, idx, job_id from flow_task where run_id = $1', [id]);
  // As a worker leaves it whose attempts are used up.
  await manager.transaction((own) =>
    settleDeadTasks(own, [
      {
        id: task!.job_id,
        fence: 1,
        name: 'flow user-data@1',
        queue: 'flows',
        payload: { run: id, step: task!.step, idx: task!.idx },
        attempt: 3,
        error: new Error('no luck'),
      },
    ]),
  );
  const state = async () => (await getFlowRun(manager, id))?.state;
  expect(await state()).toBe('failed');
  const entry = await database.dataSource
    .getRepository(DeadLetter)
    .findOneByOrFail({ eventId: id, source: 'flow' });
  const answered = await ask(redrive, {
    choice: { ids: [entry.id] },
    reason: 'mended',
  });
  expect(answered.data?.redriveDeadLetters).toMatchObject({
    redriven: 1,
    failed: 0,
    left: 0,
  });
  expect(await state()).toBe('running');
  expect(
    await database.dataSource
      .getRepository(DeadLetter)
      .findOneByOrFail({ id: entry.id }),
  ).toMatchObject({ state: 'redriven', stateChangedBy: 'on-call' });
});
