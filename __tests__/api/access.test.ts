import type { FastifyInstance } from 'fastify';

import { Outbox, User } from '../../src/entity/index.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { gateway, request, savePost, startApi } from './api.ts';

let database: TestDatabase;
let app: FastifyInstance;
let closed: FastifyInstance;
let fixtures: Awaited<ReturnType<typeof savePost>>;

beforeAll(async () => {
  database = await createTestDatabase();
  fixtures = await savePost(database.dataSource);
  app = await startApi(database);
  closed = await startApi(database, { apiSecret: undefined });
});

afterAll(async () => {
  await app.close();
  await closed.close();
  await database.drop();
});

const upvote = () =>
  `mutation { votePost(id: "${fixtures.post.id}", vote: UP) { upvotes } }`;

const createUser = `mutation {
  createUser(input: { username: "newcomer", name: "New", email: "new@example.com" }) { id }
}`;

const refused = (status: number, code: string, message: RegExp) => ({
  status,
  data: null,
  errors: [
    {
      message: expect.stringMatching(message),
      extensions: expect.objectContaining({ code }),
    },
  ],
});

test.each([
  ['a vote', upvote],
  ['a new user', () => createUser],
])('without API_SECRET %s is closed and says why', async (_, query) => {
  const answer = await request(closed, query(), { viewer: fixtures.reader.id });
  expect(answer).toMatchObject(
    refused(503, 'CLOSED', /because API_SECRET is not set; set it/),
  );
  await expect(database.dataSource.getRepository(Outbox).count()).resolves.toBe(
    0,
  );
});

test('without API_SECRET public data is open', async () => {
  const answer = await request(closed, '{ posts { items { id } } }');
  expect(answer).toEqual({
    status: 200,
    data: { posts: { items: [{ id: fixtures.post.id }] } },
  });
});

test.each([
  ['a wrong token', 'Bearer another-secret-altogether'],
  ['a token that only begins like the right one', `${gateway.authorization}x`],
  ['a part of the right token', gateway.authorization.slice(0, -1)],
  ['another scheme', gateway.authorization.replace('Bearer', 'Basic')],
  ['an empty token', 'Bearer '],
])('%s is refused, even for public data', async (_, authorization) => {
  const answer = await request(app, '{ posts { items { id } } }', {
    headers: { authorization },
  });
  expect(answer).toMatchObject(
    refused(401, 'UNAUTHENTICATED', /^expected Authorization: Bearer/),
  );
});

test('x-user-id without the token of the gateway names nobody', async () => {
  const answer = await request(app, upvote(), {
    headers: { 'x-user-id': fixtures.reader.id },
  });
  expect(answer).toMatchObject(refused(401, 'UNAUTHENTICATED', /got no token/));
});

test.each([
  ['a vote', upvote],
  ['notifications', () => '{ notifications { items { id } } }'],
  ['the viewer', () => '{ viewer { email } }'],
])('%s without a viewer is refused', async (_, query) => {
  const answer = await request(app, query(), { headers: gateway });
  expect(answer).toMatchObject(
    refused(401, 'VIEWER_REQUIRED', /^expected x-user-id/),
  );
});

test('an x-user-id that is no UUID is refused', async () => {
  const answer = await request(app, upvote(), { viewer: "1' or '1'='1" });
  expect(answer).toMatchObject(refused(400, 'INVALID_INPUT', /to be a UUID/));
});

test('a user gets a UUIDv7, and a taken username says so', async () => {
  const first = await request(app, createUser, { headers: gateway });
  expect(first.status).toBe(200);
  const user = await database.dataSource
    .getRepository(User)
    .findOneByOrFail({ username: 'newcomer' });
  expect(user.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  const again = await request(app, createUser, { headers: gateway });
  expect(again).toMatchObject(
    refused(409, 'ALREADY_EXISTS', /username that nobody has/),
  );
});

test('an e-mail address is shown to its owner alone', async () => {
  const { author, reader } = fixtures;
  const own = await request(app, '{ viewer { id email timezone } }', {
    viewer: reader.id,
  });
  expect(own.data).toEqual({
    viewer: { id: reader.id, email: reader.email, timezone: 'Etc/UTC' },
  });
  const other = await request(app, `{ user(id: "${author.id}") { email } }`, {
    viewer: reader.id,
  });
  expect(other).toMatchObject(refused(400, 'INVALID_QUERY', /email/));
});
