import { createHmac, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';

import type { FastifyInstance } from 'fastify';

import { hubOf } from '../../../../src/jobs/handlers/connections/websub.ts';
import { startApi } from '../../../api/api.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../setup/database.ts';
import { FeedServer } from './feed-server.ts';
import { rss } from './rss.ts';
import { runningJob, sync } from './running.ts';
import { createConnection, reload, waitingSyncs } from './set-up.ts';

let database: TestDatabase;
let app: FastifyInstance;
let publicUrl: string;
const server = new FeedServer();

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startApi(database);
  await app.listen({ host: '127.0.0.1', port: 0 });
  publicUrl = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  await server.start();
});

afterAll(async () => {
  await server.stop();
  await app.close();
  await database.drop();
});

const path = (): string => `/${randomUUID()}`;

const items = [{ guid: '1', title: 'One' }];

/** A feed that names a hub in its header, and the hub's answer. */
const feedWithHub = (status = 202) => {
  const [own, hub] = [path(), path()];
  const hubUrl = server.on(hub, (_, response) =>
    response.writeHead(status).end(),
  );
  const url = server.serve(own, rss(items), {
    link: `<${hubUrl}>; rel="hub", <${server.url(own)}>; rel="self"`,
  });
  const asked = () =>
    server.requests
      .filter((request) => request.path === hub)
      .map(({ body }) => new URLSearchParams(body));
  return { url, hubUrl, asked };
};

test('a hub is asked, verifies, and its notice starts a sync', async () => {
  const con = database.dataSource;
  const { url, hubUrl, asked } = feedWithHub();
  const connection = await createConnection(con, url);
  await sync(con, connection, { publicUrl });
  const [request, ...others] = asked();
  expect(others).toEqual([]);
  expect(Object.fromEntries(request!)).toEqual({
    'hub.mode': 'subscribe',
    'hub.callback': `${publicUrl}/api/push-notices/${connection.id}`,
    'hub.topic': url,
    'hub.secret': expect.stringMatching(/^[0-9a-f]{64}$/),
    'hub.lease_seconds': '864000',
  });
  const callback = request!.get('hub.callback')!;
  const verification = await fetch(
    `${callback}?${new URLSearchParams({
      'hub.mode': 'subscribe',
      'hub.topic': url,
      'hub.challenge': 'challenge',
      'hub.lease_seconds': '864000',
    }).toString()}`,
  );
  expect(await verification.text()).toBe('challenge');
  const body = rss(items);
  const signature = createHmac('sha256', request!.get('hub.secret')!);
  const notice = await fetch(callback, {
    method: 'POST',
    headers: {
      'content-type': 'application/rss+xml',
      'x-hub-signature': `sha256=${signature.update(body).digest('hex')}`,
    },
    body,
  });
  expect(notice.status).toBe(202);
  expect(await waitingSyncs(con, connection)).toBe(1);
  expect(await reload(con, connection)).toMatchObject({
    hubUrl,
    hubTopic: url,
    hubError: null,
    hubExpiresAt: expect.any(Date),
  });
});

test('a hub that was asked is not asked again until its subscription ends, with the same secret', async () => {
  const con = database.dataSource;
  const { url, asked } = feedWithHub();
  const connection = await createConnection(con, url);
  await sync(con, connection, { publicUrl });
  await sync(con, connection, { publicUrl });
  expect(asked()).toHaveLength(1);
  await con.query(
    `update connection set hub_requested_at = null, hub_expires_at = now() + interval '1 day' where id = $1`,
    [connection.id],
  );
  await sync(con, connection, { publicUrl });
  expect(asked()).toHaveLength(2);
  const secrets = asked().map((request) => request.get('hub.secret'));
  expect(new Set(secrets).size).toBe(1);
});

test('a subscription is renewed although the feed does not change', async () => {
  const con = database.dataSource;
  const { url, asked } = feedWithHub();
  const connection = await createConnection(con, url);
  await sync(con, connection, { publicUrl });
  await con.query(
    `update connection set hub_requested_at = null, hub_expires_at = now(), etag = '"1"' where id = $1`,
    [connection.id],
  );
  server.on(new URL(url).pathname, (_, response) =>
    response.writeHead(304).end(),
  );
  expect(await sync(con, connection, { publicUrl })).toEqual({
    outcome: 'not-modified',
  });
  expect(asked()).toHaveLength(2);
});

test('a hub that refuses fails no sync, and the connection keeps why', async () => {
  const con = database.dataSource;
  const { url } = feedWithHub(500);
  const connection = await createConnection(con, url);
  const context = runningJob(con);
  expect(await sync(con, connection, { publicUrl, context })).toMatchObject({
    outcome: 'synced',
  });
  expect(context.lines).toEqual([expect.stringMatching(/^hub: .*500/)]);
  expect(await reload(con, connection)).toMatchObject({
    hubError: expect.stringMatching(/got: 500/),
  });
});

test('a feed that names no hub any more loses its subscription', async () => {
  const con = database.dataSource;
  const { url } = feedWithHub();
  const connection = await createConnection(con, url);
  await sync(con, connection, { publicUrl });
  server.serve(new URL(url).pathname, rss(items));
  await sync(con, connection, { publicUrl });
  expect(await reload(con, connection)).toMatchObject({
    hubUrl: null,
    hubSecret: null,
  });
});

test('no hub is asked where none can reach this API', async () => {
  const con = database.dataSource;
  const { url, asked } = feedWithHub();
  const connection = await createConnection(con, url);
  await sync(con, connection);
  expect(asked()).toEqual([]);
});

describe('the hub of a feed', () => {
  const url = 'https://example.com/feed';
  const inside = {
    hub: 'https://inside.example/',
    self: 'https://example.com/inside',
  };
  const find = (link: string | undefined, feed = inside) =>
    hubOf(link, feed, url, { allowPrivate: false });

  test.each([
    '<https://hub.example/>; rel="hub", </self>; rel="self"',
    '<https://hub.example/>;rel=hub,<https://example.com/self>;rel=self',
    '</style>; rel=preload; as="style", <https://hub.example/>; title="a, b"; rel="hub", </self>; rel="canonical SELF"',
  ])('is the one in the header: %s', (link) => {
    expect(find(link)).toEqual({
      hub: 'https://hub.example/',
      topic: 'https://example.com/self',
    });
  });

  test.each([undefined, '', '<https://hub.example/>; rel="hub"', '<<<;;,"'])(
    'is else the one within: %s',
    (link) => {
      expect(find(link)).toEqual({ hub: inside.hub, topic: inside.self });
    },
  );

  test('is passed over where it would get the secret in the clear', () => {
    expect(
      find(undefined, { ...inside, hub: 'http://hub.example/' }),
    ).toBeUndefined();
  });
});
