import type { FastifyInstance } from 'fastify';
import { v7 as uuidv7 } from 'uuid';

import {
  Connection,
  Export,
  Source,
  User,
  WebhookDelivery,
  WebhookEndpoint,
} from '../../../src/entity/index.ts';
import { getJob } from '../../../src/jobs/create-job.ts';
import { saveFixtures } from '../../helpers.ts';
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';
import { request, startApi } from '../api.ts';

const operatorSecret = 'the-secret-of-the-operators';
const headers = {
  authorization: `Bearer ${operatorSecret}`,
  'x-operator': 'on-call',
};

let database: TestDatabase;
let app: FastifyInstance;

const userId = uuidv7();
const sourceId = uuidv7();
const endpoints = [uuidv7(), uuidv7(), uuidv7()] as const;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startApi(database, {
    operatorSecret,
    syncHours: 24,
    retentionDays: 30,
  });
  const { dataSource } = database;
  await saveFixtures(dataSource, User, [
    { id: userId, username: 'ana', name: 'Ana', email: 'ana@example.com' },
  ]);
  await saveFixtures(dataSource, Source, [
    { id: sourceId, handle: 'news', name: 'The news' },
  ]);
  await saveFixtures(
    dataSource,
    WebhookEndpoint,
    endpoints.map((id, index) => ({
      id,
      userId,
      url: `https://user:word@example.com/hook/${index}?token=hidden`,
      secret: 'whsec_c2VjcmV0',
      enabled: index !== 1,
      ...(index === 2 && { failingSince: new Date(), consecutiveFailures: 4 }),
    })),
  );
});
afterAll(async () => {
  await app.close();
  await database.drop();
});

const ask = (query: string, variables: Record<string, unknown> = {}) =>
  request(app, query, { variables, headers });

test('endpoints are listed by state and page, without what is secret in their addresses', async () => {
  const list = `query ($state: WebhookEndpointState, $after: ID) {
    webhookEndpoints(state: $state, first: 2, after: $after) { items { id url state consecutiveFailures } next }
  }`;
  const first = await ask(list);
  expect(first.data).toMatchObject({
    webhookEndpoints: {
      items: [
        { id: endpoints[2], state: 'failing', consecutiveFailures: 4 },
        { id: endpoints[1], state: 'disabled' },
      ],
      next: endpoints[1],
    },
  });
  expect((await ask(list, { after: endpoints[1] })).data).toEqual({
    webhookEndpoints: {
      items: [
        {
          id: endpoints[0],
          url: 'https://example.com/hook/0',
          state: 'enabled',
          consecutiveFailures: 0,
        },
      ],
      next: null,
    },
  });
  expect((await ask(list, { state: 'disabled' })).data).toMatchObject({
    webhookEndpoints: { items: [{ id: endpoints[1] }] },
  });
  expect(JSON.stringify(first)).not.toMatch(/whsec|hidden|word/);
});

test('a delivery shows its answer and the attempts of its job, with what people wrote hidden', async () => {
  const ids = [uuidv7(), uuidv7()] as const;
  const jobId = uuidv7();
  await saveFixtures(
    database.dataSource,
    WebhookDelivery,
    ids.map((id, index) => ({
      id,
      endpointId: endpoints[index]!,
      eventType: 'post.published',
      eventId: `event ${index}`,
      payload: { title: 'something private', postId: userId },
      state: index === 0 ? ('failed' as const) : ('delivered' as const),
      attempts: 2,
      jobId,
      responseStatus: index === 0 ? 503 : 200,
    })),
  );
  await database.dataSource.query(
    `insert into jobs_completed (id, queue, name, state, priority, tenant, payload, attempt, attempts, created_at, run_at)
     values ($1, 'webhook-delivery', 'deliver-webhook', 'failed', 1, '', '{}', 2, 2, now(), now())`,
    [jobId],
  );
  await database.dataSource.query(
    `insert into job_attempt (job_id, fence, attempt, worker, started_at, ended_at, error)
     values ($1, 1, 1, 'host', now(), now(), 'answered 503')`,
    [jobId],
  );
  const list = `query ($state: WebhookDeliveryState, $endpoint: ID) {
    webhookDeliveries(state: $state, endpoint: $endpoint) { items { id responseStatus } }
  }`;
  for (const filter of [{ state: 'failed' }, { endpoint: endpoints[0] }])
    expect((await ask(list, filter)).data).toEqual({
      webhookDeliveries: { items: [{ id: ids[0], responseStatus: 503 }] },
    });
  const { data } = await ask(
    `query ($id: ID!) {
      webhookDelivery(id: $id) { delivery { url state } payload jobId history { attempt error } }
    }`,
    { id: ids[0] },
  );
  expect(data).toMatchObject({
    webhookDelivery: {
      delivery: { url: 'https://example.com/hook/0', state: 'failed' },
      jobId,
      history: [{ attempt: 1, error: 'answered 503' }],
    },
  });
  expect(JSON.stringify(data)).not.toContain('something private');
});

test('a connection is shown with its next sync, and synced now by who gives a reason', async () => {
  const id = uuidv7();
  const attempted = new Date('2026-01-01T00:00:00Z');
  await saveFixtures(database.dataSource, Connection, [
    {
      id,
      sourceId,
      authorId: userId,
      url: 'https://example.com/feed?key=hidden',
      lastAttemptedAt: attempted,
      lastError: 'HttpError: 503',
      consecutiveFailures: 2,
      hubSecret: 'of-the-hub',
    },
  ]);
  const list = `query ($state: FeedConnectionState) {
    feedConnections(state: $state) { items { id source url state lastError nextSyncAt } }
  }`;
  const failing = await ask(list, { state: 'failing' });
  expect(failing.data).toEqual({
    feedConnections: {
      items: [
        {
          id,
          source: 'The news',
          url: 'https://example.com/feed',
          state: 'failing',
          lastError: 'HttpError: 503',
          nextSyncAt: '2026-01-02T00:00:00.000Z',
        },
      ],
    },
  });
  expect((await ask(list, { state: 'healthy' })).data).toEqual({
    feedConnections: { items: [] },
  });
  const details = await ask(
    'query ($id: ID!) { feedConnection(id: $id) { items connection { isSyncing } } }',
    { id },
  );
  expect(details.data).toEqual({
    feedConnection: { items: 0, connection: { isSyncing: false } },
  });
  const synced = await ask(
    'mutation ($id: ID!) { syncConnection(id: $id, reason: "asked by its owner") }',
    { id },
  );
  const { syncConnection: job } = synced.data as { syncConnection: string };
  expect(
    await getJob(job, { manager: database.dataSource.manager }),
  ).toMatchObject({ name: 'sync-connection', key: id });
  const audited = await ask(
    '{ operatorActions(first: 1) { items { action actor reason filter } } }',
  );
  expect(audited.data).toEqual({
    operatorActions: {
      items: [
        {
          action: 'connections.sync',
          actor: 'on-call',
          reason: 'asked by its owner',
          filter: { connection: id },
        },
      ],
    },
  });
  expect(
    await ask('mutation ($id: ID!) { syncConnection(id: $id) }', {
      id: uuidv7(),
    }),
  ).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
});

test('exports show their size and when they are deleted, and no link', async () => {
  const id = uuidv7();
  await saveFixtures(database.dataSource, Export, [
    {
      id,
      userId,
      kind: 'my-posts',
      format: 'csv',
      state: 'failed',
      objectKey: 'exports/of-ana.csv',
      bytes: '1234',
      error: 'no space left',
      requestedAt: new Date('2026-01-01T00:00:00Z'),
    },
  ]);
  const answer = await ask(
    '{ exports(state: failed) { items { id bytes error expiresAt } next } }',
  );
  expect(answer.data).toEqual({
    exports: {
      items: [
        {
          id,
          bytes: 1234,
          error: 'no space left',
          expiresAt: '2026-01-31T00:00:00.000Z',
        },
      ],
      next: null,
    },
  });
  expect(
    (await ask('{ exports(state: ready) { items { id } } }')).data,
  ).toEqual({ exports: { items: [] } });
});
