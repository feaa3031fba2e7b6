import type { FastifyInstance } from 'fastify';
import { v7 as uuidv7 } from 'uuid';

import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { createCommunity } from '../workers/community.ts';
import { request, startApi } from './api.ts';

let database: TestDatabase;
let app: FastifyInstance;
let viewer: string;
let sourceId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startApi(database);
  const { author, post } = await createCommunity(database.dataSource);
  viewer = author.id;
  sourceId = post.sourceId;
});
afterAll(async () => {
  await app.close();
  await database.drop();
});

const connect = (url: string, as: string | undefined = viewer) =>
  request(
    app,
    `mutation ($input: ConnectFeedInput!) { connectFeed(input: $input) { id url disabledAt } }`,
    { viewer: as, variables: { input: { sourceId, url } } },
  );

const jobsOf = (id: unknown) =>
  database.dataSource.query<{ name: string }[]>(
    `select name from job where payload->>'connectionId' = $1`,
    [id],
  );

const idOf = (answer: { data: unknown }, field: string): string =>
  (answer.data as Record<string, { id: string }>)[field]!.id;

test('a feed is connected and synced at once, in one commit', async () => {
  const answer = await connect('https://example.com/feed.xml');
  expect(answer.status).toBe(200);
  expect(await jobsOf(idOf(answer, 'connectFeed'))).toEqual([
    { name: 'sync-connection' },
  ]);
  const again = await connect('https://example.com/feed.xml');
  expect(again.errors?.[0]?.extensions.code).toBe('ALREADY_EXISTS');
});

test.each(['ftp://example.com/feed', 'feed.xml', ''])(
  'refuses %j as the address of a feed',
  async (url) => {
    const answer = await connect(url);
    expect(answer.errors?.[0]?.extensions.code).toBe('INVALID_INPUT');
  },
);

test('a disabled connection is enabled and synced again', async () => {
  const id = idOf(
    await connect('https://example.com/other.xml'),
    'connectFeed',
  );
  await database.dataSource.query(
    'update connection set disabled_at = now(), consecutive_failures = 5 where id = $1',
    [id],
  );
  const answer = await request(
    app,
    `mutation ($id: ID!) { enableConnection(id: $id) { id disabledAt } }`,
    { viewer, variables: { id } },
  );
  expect(answer.data).toEqual({ enableConnection: { id, disabledAt: null } });
  expect(await jobsOf(id)).toHaveLength(2);
});

test('an endpoint is created with a secret, which its owner alone may change', async () => {
  const made = await request(
    app,
    `mutation { createWebhookEndpoint(url: "https://example.com/hook") { id secret } }`,
    { viewer },
  );
  const { id, secret } = (
    made.data as { createWebhookEndpoint: { id: string; secret: string } }
  ).createWebhookEndpoint;
  expect(secret).toMatch(/^whsec_/);
  const rotate = (as: string) =>
    request(app, `mutation ($id: ID!) { rotateWebhookSecret(id: $id) }`, {
      viewer: as,
      variables: { id },
    });
  const rotated = await rotate(viewer);
  expect(rotated.data?.rotateWebhookSecret).toMatch(/^whsec_/);
  expect(rotated.data?.rotateWebhookSecret).not.toBe(secret);
  expect((await rotate(uuidv7())).errors?.[0]?.extensions.code).toBe(
    'NOT_FOUND',
  );
  await database.dataSource.query(
    'update webhook_endpoint set enabled = false where id = $1',
    [id],
  );
  const enabled = await request(
    app,
    `mutation ($id: ID!) { enableWebhookEndpoint(id: $id) }`,
    { viewer, variables: { id } },
  );
  expect(enabled.data).toEqual({ enableWebhookEndpoint: true });
});

test('an endpoint within the own network is refused', async () => {
  const answer = await request(
    app,
    `mutation { createWebhookEndpoint(url: "http://169.254.169.254/latest") { id } }`,
    { viewer },
  );
  expect(answer.errors?.[0]?.extensions.code).toBe('INVALID_INPUT');
});

test('nobody connects a feed without being somebody', async () => {
  const answer = await request(
    app,
    `mutation { connectFeed(input: { sourceId: "${sourceId}", url: "https://example.com/f" }) { id } }`,
  );
  expect(answer.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
});
