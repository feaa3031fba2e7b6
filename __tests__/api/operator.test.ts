import type { FastifyInstance } from 'fastify';
import { v7 as uuidv7 } from 'uuid';

import { createLogger } from '../../src/logger.ts';
import { openRedriver, redriveWith } from '../../src/commands/redriver.ts';
import { fullRegistry } from '../../src/commands/work-registry.ts';
import { writeDeadLetter } from '../../src/dead-letters/desk.ts';
import { DeadLetter } from '../../src/entity/index.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { apiSecret, startApi } from './api.ts';

const operatorSecret = 'the-secret-of-the-operators';

let database: TestDatabase;
let app: FastifyInstance;
let redriver: ReturnType<typeof openRedriver>;

beforeAll(async () => {
  database = await createTestDatabase();
  const logger = createLogger('test');
  logger.level = 'silent';
  redriver = openRedriver(database.dataSource, logger, fullRegistry);
  app = await startApi(
    database,
    { operatorSecret },
    { redrive: redriveWith(redriver) },
  );
});
beforeEach(() => database.dataSource.query('delete from dead_letter'));
afterAll(async () => {
  await app.close();
  await redriver.close();
  await database.drop();
});

const operator = {
  authorization: `Bearer ${operatorSecret}`,
  'x-operator': 'on-call',
};

const get = async (
  path: string,
  headers: Record<string, string> = operator,
) => {
  const answer = await app.inject({ url: `/api/operator${path}`, headers });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: answer.json<Record<string, unknown>>(),
  };
};

const post = async (
  path: string,
  payload: object,
  headers: Record<string, string> = operator,
) => {
  const answer = await app.inject({
    method: 'POST',
    url: `/api/operator${path}`,
    headers,
    payload,
  });
  return {
    status: answer.statusCode,
    body: answer.json<Record<string, unknown>>(),
  };
};

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

const paths = ['/dead-letters', '/dead-letters/groups', '/audit-log'];
const changes = ['/dead-letters/redrive', '/dead-letters/resolve', '/forget'];
const refusal = (code: string) => ({
  data: null,
  errors: [{ extensions: { code } }],
});

test.each([
  ['no token', {}],
  ['the token of the gateway', { authorization: `Bearer ${apiSecret}` }],
  ['another token', { authorization: 'Bearer x' }],
  ['another scheme', { authorization: `Basic ${operatorSecret}` }],
])('%s opens nothing', async (_, headers: Record<string, string>) => {
  const { id } = await bury();
  for (const path of [...paths, `/dead-letters/${id}`])
    expect(await get(path, headers)).toMatchObject({
      status: 401,
      body: refusal('UNAUTHENTICATED'),
    });
  for (const path of changes)
    expect(await post(path, { all: true, reason: 'x' }, headers)).toMatchObject(
      { status: 401 },
    );
});

test('without a secret everything is closed, whatever the token', async () => {
  const closed = await startApi(database);
  for (const path of paths)
    for (const authorization of ['Bearer ', 'Bearer undefined', ''])
      expect(
        (
          await closed.inject({
            url: `/api/operator${path}`,
            headers: { authorization },
          })
        ).statusCode,
      ).toBe(503);
  await closed.close();
});

test('entries are listed by page, without what was in them, and shown with it', async () => {
  const first = await bury({ commentId: 'c1' });
  const second = await bury();
  const page = await get('/dead-letters?first=1');
  expect(page).toMatchObject({
    status: 200,
    headers: { 'cache-control': 'no-store' },
    body: { items: [{ id: second.id, state: 'open' }], next: second.id },
  });
  expect(JSON.stringify(page.body)).not.toContain('commentId');
  expect((await get(`/dead-letters?after=${second.id}`)).body).toMatchObject({
    items: [{ id: first.id }],
    next: null,
  });
  expect((await get('/dead-letters/groups')).body).toMatchObject({
    entries: 2,
    groups: [{ entries: 2, fingerprint: first.fingerprint }],
  });
  expect((await get(`/dead-letters/${first.id}`)).body).toMatchObject({
    document: { commentId: 'c1' },
    payload: null,
    errorStack: expect.stringContaining('broken'),
  });
  expect(
    (await get('/dead-letters?payload=commentId%3Dc1&newerThan=1h')).body,
  ).toMatchObject({ items: [{ id: first.id }] });
});

test.each([
  ['/dead-letters?first=1000', 'first'],
  ['/dead-letters?olderThan=soon', 'olderThan'],
  ['/dead-letters?payload=nonsense', 'path=value'],
  ['/dead-letters?payload=a%3D1&payload=nonsense', 'path=value'],
  ['/dead-letters?state=closed', 'redriven'],
  ['/dead-letters?stat=open', 'stat'],
  ['/dead-letters/17', 'id'],
  ["/audit-log?after=' or 1=1", 'after'],
])('refuses %s', async (path, named) => {
  const { status, body } = await get(path);
  expect(status).toBe(400);
  expect(body).toMatchObject(refusal('INVALID_INPUT'));
  expect(JSON.stringify(body)).toContain(named);
});

test('an entry that does not exist is not found', async () => {
  expect(await get(`/dead-letters/${uuidv7()}`)).toMatchObject({
    status: 404,
    body: refusal('NOT_FOUND'),
  });
});

test('a redrive runs in this process and tells the result of each entry', async () => {
  const good = await bury();
  const bad = await bury({ commentId: 'no uuid' });
  expect(
    (await post('/dead-letters/redrive', { all: true, dryRun: true })).body,
  ).toEqual({ dryRun: true, matching: 2, chosen: 2 });
  const { status, body } = await post('/dead-letters/redrive', {
    subscription: 'api.comment-markdown',
    reason: 'mended',
  });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    redriven: 1,
    failed: 1,
    left: 0,
    results: [
      { id: good.id, outcome: 'redriven' },
      { id: bad.id, outcome: 'failed' },
    ],
  });
  expect((await get(`/dead-letters/${good.id}`)).body).toMatchObject({
    state: 'redriven',
    stateChangedBy: 'on-call',
    stateReason: 'mended',
  });
  expect((await get('/audit-log?first=1')).body).toMatchObject({
    items: [{ action: 'dead-letters.redrive.finished', actor: 'on-call' }],
  });
});

test('a change needs a name, a choice and where it is due a reason', async () => {
  await bury();
  const { authorization } = operator;
  for (const path of changes)
    expect(
      await post(path, { all: true, reason: 'x' }, { authorization }),
    ).toMatchObject({ status: 400 });
  for (const body of [{}, { all: false }, { subscription: '' }])
    expect(await post('/dead-letters/redrive', body)).toMatchObject({
      status: 400,
    });
  expect(await post('/dead-letters/resolve', { all: true })).toMatchObject({
    status: 400,
  });
  expect(
    await post('/dead-letters/redrive', { all: true, limit: 100_000 }),
  ).toMatchObject({ status: 400 });
});

test('entries are resolved, and a user is forgotten', async () => {
  const { id } = await bury();
  expect(
    (await post('/dead-letters/resolve', { ids: [id], reason: 'deleted' }))
      .body,
  ).toEqual({ dryRun: false, resolved: 1 });
  const userId = uuidv7();
  const mention = await bury({ commentId: userId });
  expect(
    (await post('/forget', { userId, mentions: true, dryRun: true })).body,
  ).toMatchObject({ erased: 0 });
  expect(
    (await post('/forget', { userId, mentions: true })).body,
  ).toMatchObject({ erased: 1, left: 0 });
  expect(
    (await post(`/dead-letters/${mention.id}/reveal`, {})).body,
  ).toMatchObject({ payload: '', state: 'resolved' });
});
