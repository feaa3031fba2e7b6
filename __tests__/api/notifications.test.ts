import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';

import { NotificationListener } from '../../src/api/real-time/notification-listener.ts';
import { NotificationV2, UserNotification } from '../../src/entity/index.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { saveFixtures } from '../setup/save-fixtures.ts';
import { apiSecret, gateway, request, savePost, startApi } from './api.ts';
import { openSocket, type TestSocket } from './socket.ts';

let database: TestDatabase;
let app: FastifyInstance;
let port: number;
let fixtures: Awaited<ReturnType<typeof savePost>>;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startApi(database);
  await app.listen({ host: '127.0.0.1', port: 0 });
  ({ port } = app.server.address() as AddressInfo);
});

afterAll(async () => {
  await app.close();
  await database.drop();
});

beforeEach(async () => {
  fixtures = await savePost(database.dataSource);
});

let made = 0;

const notify = async (
  userId: string,
  options: { readonly public?: boolean } = {},
): Promise<string> => {
  const { dataSource } = database;
  const [{ id }] = (await saveFixtures(dataSource, NotificationV2, [
    {
      type: 'article_upvote_milestone',
      referenceId: fixtures.post.id,
      uniqueKey: String(made++),
      title: 'You reached a milestone',
      targetUrl: `/posts/${fixtures.post.id}`,
    },
  ])) as [NotificationV2];
  await saveFixtures(dataSource, UserNotification, [
    { notificationId: id, userId, ...options },
  ]);
  await dataSource.query(`select pg_notify('new_notification', $1)`, [
    JSON.stringify({ notificationId: id, userId }),
  ]);
  return id;
};

const credentials = (viewer: string) => ({
  authorization: `Bearer ${apiSecret}`,
  'x-user-id': viewer,
});

const subscription = 'subscription { newNotification { id title readAt } }';

/** Subscribes, and waits until the API follows; the protocol itself acknowledges nothing. */
const subscribe = async (socket: TestSocket, id: string) => {
  const followed = once(app.notifications, 'followed');
  socket.send({ id, type: 'subscribe', payload: { query: subscription } });
  await followed;
};

test("a viewer sees their own notifications, newest first, and not others'", async () => {
  const { author, reader } = fixtures;
  const first = await notify(author.id);
  await notify(reader.id);
  await notify(author.id, { public: false });
  const second = await notify(author.id);
  const answer = await request(
    app,
    '{ notifications(first: 1) { items { id title readAt } next } }',
    { viewer: author.id },
  );
  expect(answer.data).toEqual({
    notifications: {
      items: [{ id: second, title: 'You reached a milestone', readAt: null }],
      next: second,
    },
  });
  const rest = await request(
    app,
    `{ notifications(after: "${second}") { items { id } next } }`,
    { viewer: author.id },
  );
  expect(rest.data).toEqual({
    notifications: { items: [{ id: first }], next: null },
  });
});

test("a notification is read once, and another's cannot be", async () => {
  const { author, reader } = fixtures;
  const id = await notify(author.id);
  const readIt = (viewer: string) =>
    request(app, `mutation { readNotification(id: "${id}") { readAt } }`, {
      viewer,
    });
  const read = await readIt(author.id);
  expect(read.data).toEqual({
    readNotification: { readAt: expect.any(String) },
  });
  expect((await readIt(author.id)).data).toEqual(read.data);
  expect(await readIt(reader.id)).toMatchObject({
    status: 404,
    errors: [{ extensions: { code: 'NOT_FOUND' } }],
  });
});

test('a notification reaches the sockets of its user alone', async () => {
  const { author, reader } = fixtures;
  await using mine = await openSocket(port, credentials(author.id));
  await using other = await openSocket(port, credentials(reader.id));
  await subscribe(mine, 'a');
  await subscribe(other, 'b');
  const id = await notify(author.id);
  const hers = await notify(reader.id);
  expect(await mine.next()).toMatchObject({
    id: 'a',
    payload: { data: { newNotification: { id, readAt: null } } },
  });
  expect(await other.next()).toMatchObject({
    payload: { data: { newNotification: { id: hers } } },
  });
});

test('what is not public is not sent', async () => {
  const { author } = fixtures;
  await using socket = await openSocket(port, credentials(author.id));
  await subscribe(socket, 'a');
  await notify(author.id, { public: false });
  const id = await notify(author.id);
  expect(await socket.next()).toMatchObject({
    payload: { data: { newNotification: { id } } },
  });
});

test('a gateway may name the viewer in the headers of the handshake', async () => {
  const { author } = fixtures;
  await using socket = await openSocket(port, undefined, {
    ...gateway,
    'x-user-id': author.id,
  });
  await subscribe(socket, 'a');
  const id = await notify(author.id);
  expect(await socket.next()).toMatchObject({
    payload: { data: { newNotification: { id } } },
  });
});

test('a socket with a wrong token is refused at its first message', async () => {
  await expect(
    openSocket(port, {
      authorization: 'Bearer wrong',
      'x-user-id': fixtures.author.id,
    }),
  ).rejects.toThrow(/connection_error/);
});

test('a subscription without a token is refused', async () => {
  await using socket = await openSocket(port, undefined);
  socket.send({ id: 'a', type: 'subscribe', payload: { query: subscription } });
  expect(await socket.next()).toMatchObject({
    type: 'error',
    id: 'a',
    payload: [{ extensions: { code: 'UNAUTHENTICATED' } }],
  });
});

test.each([
  [
    'more fields than a request may select',
    `subscription { newNotification { ${Array.from({ length: 300 }, (_, at) => `a${at}: id`).join(' ')} } }`,
    /expected at most 300 fields/,
  ],
  [
    'a field that there is not',
    'subscription { newNotification { password } }',
    /Cannot query field "password"/,
  ],
  [
    'too long a text',
    `subscription { newNotification { id } } #${'x'.repeat(20_000)}`,
    /expected a subscription of at most 16384 characters/,
  ],
])('a subscription of %s is refused', async (_, query, message) => {
  await using socket = await openSocket(port, credentials(fixtures.author.id));
  socket.send({ id: 'a', type: 'subscribe', payload: { query } });
  expect(await socket.next()).toMatchObject({
    type: 'error',
    id: 'a',
    payload: [{ message: expect.stringMatching(message) }],
  });
});

test('a mutation over a socket is refused', async () => {
  const { author, post } = fixtures;
  await using socket = await openSocket(port, credentials(author.id));
  socket.send({
    id: 'a',
    type: 'subscribe',
    payload: {
      query: `mutation { votePost(id: "${post.id}", vote: UP) { id } }`,
    },
  });
  expect(await socket.next()).toMatchObject({ type: 'error', id: 'a' });
});

test('a lost connection to Postgres ends subscriptions, then listening starts again', async () => {
  const listener = new NotificationListener({
    url: database.url,
    logger: pino({ level: 'silent' }),
  });
  try {
    listener.start();
    await once(listener, 'listening');
    const followed = listener.follow(fixtures.author.id);
    const waiting = followed.next();
    const again = once(listener, 'listening');
    await database.dataSource.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'nightshift real-time'`,
    );
    await expect(waiting).resolves.toEqual({ value: undefined, done: true });
    expect(() => listener.follow(fixtures.author.id)).toThrow(/not connected/);
    await again;
    const next = listener.follow(fixtures.author.id).next();
    const id = await notify(fixtures.author.id);
    await expect(next).resolves.toEqual({ value: id, done: false });
  } finally {
    await listener.stop();
  }
});

test('a subscriber that does not read is cut off instead of filling the memory', async () => {
  const listener = new NotificationListener({
    url: database.url,
    logger: pino({ level: 'silent' }),
  });
  try {
    listener.start();
    await once(listener, 'listening');
    const userId = fixtures.reader.id;
    const slow = listener.follow(userId);
    const quick = listener.follow(userId);
    const reading = (async () => {
      let seen = 0;
      for await (const _ of quick) if (++seen === 1_002) break;
      return seen;
    })();
    await database.dataSource.query(
      `select pg_notify('new_notification',
        json_build_object('notificationId', gen_random_uuid(), 'userId', $1::text)::text)
      from generate_series(1, 1002)`,
      [userId],
    );
    await expect(reading).resolves.toBe(1_002);
    let kept = 0;
    for await (const _ of slow) kept++;
    expect(kept).toBe(1_000);
  } finally {
    await listener.stop();
  }
});
