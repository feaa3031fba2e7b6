import { createHmac } from 'node:crypto';

import type { FastifyInstance } from 'fastify';
import { v7 as uuidv7 } from 'uuid';

import type { Connection } from '../../../../src/entity/index.ts';
import { startApi } from '../../../api/api.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../setup/database.ts';
import { createConnection, reload, waitingSyncs } from './set-up.ts';

let database: TestDatabase;
let app: FastifyInstance;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startApi(database);
});

afterAll(async () => {
  await app.close();
  await database.drop();
});

const topic = 'https://example.com/feed';
const secret = 'the-secret-that-only-the-hub-knows';

const subscribed = (row: Partial<Connection> = {}): Promise<Connection> =>
  createConnection(database.dataSource, topic, {
    hubUrl: 'https://hub.example.com/',
    hubTopic: topic,
    hubSecret: secret,
    hubRequestedAt: new Date(),
    ...row,
  });

const verify = (
  { id }: Pick<Connection, 'id'>,
  query: Record<string, string> = {},
) =>
  app.inject({
    url: `/api/push-notices/${id}`,
    query: {
      'hub.mode': 'subscribe',
      'hub.topic': topic,
      'hub.challenge': 'a <b>challenge</b>',
      'hub.lease_seconds': '864000',
      ...query,
    },
  });

const sign = (body: string, method = 'sha256', key = secret): string =>
  `${method}=${createHmac(method, key).update(body).digest('hex')}`;

const notify = (
  { id }: Pick<Connection, 'id'>,
  body: string,
  headers: Record<string, string> = { 'x-hub-signature': sign(body) },
) =>
  app.inject({
    method: 'POST',
    url: `/api/push-notices/${id}`,
    headers: { 'content-type': 'application/atom+xml', ...headers },
    payload: body,
  });

const syncs = (connection: Connection): Promise<number> =>
  waitingSyncs(database.dataSource, connection);

describe('verification', () => {
  test('confirms a subscription that was asked for, as bytes that no browser renders', async () => {
    const connection = await subscribed();
    const answer = await verify(connection);
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe('a <b>challenge</b>');
    expect(answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'x-content-type-options': 'nosniff',
    });
    const { hubExpiresAt, hubRequestedAt } = await reload(
      database.dataSource,
      connection,
    );
    expect(hubRequestedAt).toBeNull();
    expect(hubExpiresAt!.getTime()).toBeGreaterThan(Date.now() + 863_000_000);
  });

  test('again, as hubs may, does not put off the renewal', async () => {
    const connection = await subscribed();
    await verify(connection, { 'hub.lease_seconds': '1000' });
    const { hubExpiresAt } = await reload(database.dataSource, connection);
    expect((await verify(connection)).statusCode).toBe(200);
    expect(await reload(database.dataSource, connection)).toMatchObject({
      hubExpiresAt,
    });
  });

  test.each([
    ['another topic', { 'hub.topic': 'https://example.com/other' }],
    ['an end that was not asked for', { 'hub.mode': 'unsubscribe' }],
    ['no number of seconds', { 'hub.lease_seconds': 'long' }],
  ])('refuses %s', async (_what, query) => {
    const connection = await subscribed();
    expect((await verify(connection, query)).statusCode).toBe(404);
  });

  test('refuses what nobody asked for', async () => {
    const connection = await subscribed({ hubRequestedAt: null });
    expect((await verify(connection)).statusCode).toBe(404);
    expect((await verify({ id: uuidv7() })).statusCode).toBe(404);
    expect((await verify({ id: 'x' })).statusCode).toBe(404);
  });

  test('keeps why a hub denies a subscription', async () => {
    const connection = await subscribed();
    const answer = await verify(connection, {
      'hub.mode': 'denied',
      'hub.reason': 'no room',
    });
    expect(answer.statusCode).toBe(204);
    expect(await reload(database.dataSource, connection)).toMatchObject({
      hubError: 'the hub denied the subscription: no room',
      hubExpiresAt: null,
    });
  });
});

describe('notices', () => {
  test.each(['sha256', 'sha384', 'sha512'])(
    'signed with %s start a sync',
    async (method) => {
      const connection = await subscribed();
      const body = '<feed/>';
      const answer = await notify(connection, body, {
        'x-hub-signature': sign(body, method),
      });
      expect(answer.statusCode).toBe(202);
      expect(await syncs(connection)).toBe(1);
    },
  );

  test('of any type, or of none, are signed over their bytes', async () => {
    const connection = await subscribed();
    const body = '{ "not": json';
    for (const type of ['application/json', 'text/plain', undefined]) {
      const notice = `${body} ${type}`;
      const answer = await app.inject({
        method: 'POST',
        url: `/api/push-notices/${connection.id}`,
        headers: {
          'x-hub-signature': sign(notice),
          ...(type && { 'content-type': type }),
        },
        payload: Buffer.from(notice),
      });
      expect(answer.statusCode).toBe(202);
    }
    expect(await syncs(connection)).toBe(3);
  });

  test('without a body are read as empty ones', async () => {
    const connection = await subscribed();
    for (const signature of [sign('x'), sign('')]) {
      const answer = await app.inject({
        method: 'POST',
        url: `/api/push-notices/${connection.id}`,
        headers: { 'x-hub-signature': signature },
      });
      expect(answer.statusCode).toBe(202);
    }
    expect(await syncs(connection)).toBe(1);
  });

  test('that come twice start one sync, others start another', async () => {
    const connection = await subscribed();
    // Two of three within a minute.
    await Promise.all(
      ['<a/>', '<a/>', '<b/>'].map((body) => notify(connection, body)),
    );
    expect(await syncs(connection)).toBe(2);
  });

  test.each([
    ['without a signature', {}],
    [
      'with that of another secret',
      { 'x-hub-signature': sign('<a/>', 'sha256', 'x') },
    ],
    ['with that of another body', { 'x-hub-signature': sign('<b/>') }],
    ['with SHA-1', { 'x-hub-signature': sign('<a/>', 'sha1') }],
    ['with half a signature', { 'x-hub-signature': sign('<a/>').slice(0, 39) }],
    ['with an unknown method', { 'x-hub-signature': 'md5=00' }],
  ])(
    '%s are ignored, which whoever sends them does not see',
    async (_what, headers) => {
      const connection = await subscribed();
      const answer = await notify(connection, '<a/>', headers);
      expect(answer.statusCode).toBe(202);
      expect(await syncs(connection)).toBe(0);
    },
  );

  test('for a connection that is gone end the subscription', async () => {
    expect((await notify({ id: uuidv7() }, '<a/>')).statusCode).toBe(410);
    const without = await createConnection(database.dataSource, topic);
    expect((await notify(without, '<a/>')).statusCode).toBe(410);
    expect((await notify({ id: 'x' }, '<a/>')).statusCode).toBe(410);
  });

  test('that are too large are refused', async () => {
    const connection = await subscribed();
    const body = 'x'.repeat(5 * 1024 * 1024 + 1);
    expect((await notify(connection, body)).statusCode).toBe(413);
    expect(await syncs(connection)).toBe(0);
  });
});
