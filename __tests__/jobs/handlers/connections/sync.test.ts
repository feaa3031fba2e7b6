import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';

import { Connection, Post } from '../../../../src/entity/index.ts';
import { saveFixtures, useTestDatabase } from '../../../helpers.ts';
import { FeedServer } from './feed-server.ts';
import { rss } from './rss.ts';
import { runningJob, sync } from './running.ts';
import { createConnection, postsOf, reload, waitingSyncs } from './set-up.ts';

const database = useTestDatabase();
const server = new FeedServer();

beforeAll(() => server.start());
afterAll(() => server.stop());

/** A path of its own for each test. */
const path = (): string => `/${randomUUID()}`;

const atom = (title: string, content: string) =>
  `<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>F</title>
  <entry><id>urn:1</id><title>${title}</title><updated>2024-02-29T10:00:00Z</updated>
  <content type="html">${content}</content></entry></feed>`;

test('new items become posts of the source by the author, dated as the feed says', async () => {
  const { con } = database;
  const url = server.serve(
    path(),
    rss([
      { guid: '2', title: 'Two', date: 'Fri, 01 Mar 2024 10:00:00 GMT' },
      { guid: '1', title: 'One', date: '2024-02-29 10:00' },
      { guid: '3', title: 'Three', date: 'Fri, 01 Mar 2999 10:00:00 GMT' },
      { guid: '4', title: 'Four', date: 'soon' },
    ]),
  );
  const begin = Date.now();
  const connection = await createConnection(con, url);
  expect(await sync(con, connection)).toEqual({
    outcome: 'synced',
    created: 4,
    changed: 0,
    unchanged: 0,
    skipped: 0,
  });
  const posts = await postsOf(con, connection);
  expect(posts.slice(0, 2).map(({ title }) => title)).toEqual(['One', 'Two']);
  expect(posts[0]).toMatchObject({
    sourceId: connection.sourceId,
    authorId: connection.authorId,
    createdAt: new Date('2024-02-29T10:00:00Z'),
  });
  for (const { createdAt } of posts.slice(2)) {
    expect(createdAt.getTime()).toBeGreaterThanOrEqual(begin);
    expect(createdAt.getTime()).toBeLessThanOrEqual(Date.now());
  }
  expect(await reload(con, connection)).toMatchObject({
    consecutiveFailures: 0,
    lastError: null,
    leaseToken: null,
    lastSyncedAt: expect.any(Date),
  });
});

test('a second sync of the same feed changes nothing', async () => {
  const { con } = database;
  const items = Array.from({ length: 450 }, (_, index) => ({
    guid: `item ${index}`,
    title: `Item ${index}`,
  }));
  const connection = await createConnection(
    con,
    server.serve(path(), rss(items)),
  );
  expect(await sync(con, connection)).toMatchObject({ created: 450 });
  const before = await postsOf(con, connection);
  expect(await sync(con, connection)).toMatchObject({
    created: 0,
    changed: 0,
    unchanged: 450,
  });
  expect(await postsOf(con, connection)).toEqual(before);
});

test('a changed item changes its post, and only that', async () => {
  const { con } = database;
  const own = path();
  const connection = await createConnection(
    con,
    server.serve(own, atom('Old', 'a')),
  );
  await sync(con, connection);
  const [before] = await postsOf(con, connection);
  server.serve(own, atom('New', '&lt;b>b&lt;/b>'));
  expect(await sync(con, connection)).toMatchObject({ created: 0, changed: 1 });
  const [after, ...others] = await postsOf(con, connection);
  expect(others).toEqual([]);
  expect(after).toMatchObject({
    id: before!.id,
    title: 'New',
    content: '**b**',
    createdAt: before!.createdAt,
  });
});

test('a packed feed is unpacked', async () => {
  const { con } = database;
  const connection = await createConnection(
    con,
    server.serve(path(), gzipSync(rss([{ guid: '1', title: 'One' }])), {
      'content-encoding': 'gzip',
    }),
  );
  expect(await sync(con, connection)).toMatchObject({ created: 1 });
});

test('items that leave the feed keep their posts', async () => {
  const { con } = database;
  const own = path();
  const connection = await createConnection(
    con,
    server.serve(own, rss([{ guid: '1', title: 'One' }])),
  );
  await sync(con, connection);
  server.serve(own, rss([{ guid: '2', title: 'Two' }]));
  await sync(con, connection);
  expect(await postsOf(con, connection)).toHaveLength(2);
});

test('a post that was deleted does not come back', async () => {
  const { con } = database;
  const own = path();
  const connection = await createConnection(
    con,
    server.serve(own, atom('One', 'a')),
  );
  await sync(con, connection);
  await con.getRepository(Post).delete({ sourceId: connection.sourceId });
  server.serve(own, atom('One', 'changed'));
  expect(await sync(con, connection)).toMatchObject({ created: 0, changed: 1 });
  expect(await postsOf(con, connection)).toEqual([]);
});

test('asks only for what changed, and believes 304', async () => {
  const { con } = database;
  const own = path();
  const connection = await createConnection(
    con,
    server.on(own, ({ headers }, response) => {
      if (headers['if-none-match'] === '"one"') response.writeHead(304).end();
      else
        response
          .writeHead(200, {
            etag: '"one"',
            'last-modified': 'Thu, 29 Feb 2024 10:00:00 GMT',
          })
          .end(rss([{ guid: '1', title: 'One' }]));
    }),
  );
  await sync(con, connection);
  expect(await sync(con, connection)).toEqual({ outcome: 'not-modified' });
  const requests = server.requests.filter((request) => request.path === own);
  expect(requests[0]!.headers).not.toHaveProperty('if-none-match');
  expect(requests[1]!.headers).toMatchObject({
    'if-none-match': '"one"',
    'if-modified-since': 'Thu, 29 Feb 2024 10:00:00 GMT',
  });
  expect(await reload(con, connection)).toMatchObject({
    etag: '"one"',
    leaseToken: null,
  });
});

test('a 304 that nobody asked for is no answer', async () => {
  const { con } = database;
  const connection = await createConnection(
    con,
    server.on(path(), (_, response) => response.writeHead(304).end()),
  );
  await expect(sync(con, connection)).rejects.toMatchObject({
    name: 'FeedUnavailableError',
    status: 304,
  });
});

describe('redirects', () => {
  test('for good are followed for good, up to the first temporary one', async () => {
    const { con } = database;
    const [old, moved, temporary] = [path(), path(), path()];
    const feed = server.serve(temporary, rss([{ guid: '1', title: 'One' }]));
    const target = server.redirect(moved, 302, feed);
    const connection = await createConnection(
      con,
      server.redirect(old, 301, target),
    );
    expect(await sync(con, connection)).toMatchObject({ created: 1 });
    expect((await reload(con, connection)).url).toBe(target);
    await sync(con, connection);
    expect(server.asked(old)).toBe(1);
  });

  test('that are temporary leave the address as it is', async () => {
    const { con } = database;
    const feed = server.serve(path(), rss([{ guid: '1', title: 'One' }]));
    const url = server.redirect(path(), 307, feed);
    const connection = await createConnection(con, url);
    await sync(con, connection);
    expect((await reload(con, connection)).url).toBe(url);
  });

  test('to an address that the source follows already change nothing', async () => {
    const { con } = database;
    const feed = server.serve(path(), rss([{ guid: '1', title: 'One' }]));
    const url = server.redirect(path(), 308, feed);
    const connection = await createConnection(con, url);
    const { sourceId, authorId } = connection;
    await saveFixtures(con, Connection, [{ sourceId, authorId, url: feed }]);
    expect(await sync(con, connection)).toMatchObject({ outcome: 'synced' });
    expect((await reload(con, connection)).url).toBe(url);
  });

  test('without end are refused', async () => {
    const { con } = database;
    const own = path();
    const connection = await createConnection(
      con,
      server.redirect(own, 302, server.url(own)),
    );
    await expect(sync(con, connection)).rejects.toMatchObject({
      name: 'FeedUnfetchableError',
    });
    expect(server.asked(own)).toBeLessThanOrEqual(6);
  });
});

describe('hostile servers', () => {
  test('more than 5 MB are not read, also without a content-length', async () => {
    const { con } = database;
    let sent = 0;
    const connection = await createConnection(
      con,
      server.on(path(), (_, response) => {
        response.writeHead(200, { 'content-type': 'application/rss+xml' });
        const chunk = Buffer.alloc(65_536, ' ');
        const more = (): void => {
          while (sent < 1_024 * 65_536 && !response.destroyed) {
            sent += chunk.length;
            if (!response.write(chunk)) {
              response.once('drain', more);
              return;
            }
          }
          response.end();
        };
        more();
      }),
    );
    await expect(sync(con, connection)).rejects.toMatchObject({
      name: 'FeedUnfetchableError',
      cause: { name: 'ResponseTooLargeError' },
    });
    expect(sent).toBeLessThan(1_024 * 65_536);
    expect(await reload(con, connection)).toMatchObject({
      consecutiveFailures: 1,
      lastError: expect.stringMatching(/FeedUnfetchableError/),
      leaseToken: null,
    });
  });

  test('a feed of nearly 5 MB is read', async () => {
    const { con } = database;
    const description = 'word '.repeat(600);
    const items = Array.from({ length: 1_600 }, (_, index) => ({
      guid: `${index}`,
      title: `Item ${index}`,
      description,
    }));
    const connection = await createConnection(
      con,
      server.serve(path(), rss(items)),
    );
    expect(await sync(con, connection)).toMatchObject({ created: 1_600 });
  });

  test('a body that comes byte by byte ends with its time', async () => {
    const { con } = database;
    const connection = await createConnection(
      con,
      server.on(path(), (_, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      }),
    );
    await expect(
      sync(con, connection, { limits: { requestSeconds: 0.3 } }),
    ).rejects.toMatchObject({
      name: 'ResponseTimeoutError',
      exceeded: 'total',
    });
    expect(await reload(con, connection)).toMatchObject({
      consecutiveFailures: 1,
      leaseToken: null,
    });
  });

  test('a server that falls silent ends with the idle time', async () => {
    const { con } = database;
    const connection = await createConnection(
      con,
      server.on(path(), (_, response) => response.writeHead(200).write('<rss')),
    );
    await expect(
      sync(con, connection, { limits: { idleSeconds: 0.2 } }),
    ).rejects.toMatchObject({ name: 'ResponseTimeoutError', exceeded: 'idle' });
  });

  test('a small answer that unpacks to more than 5 MB is not unpacked to its end', async () => {
    const { con } = database;
    const bomb = gzipSync(Buffer.alloc(50 * 1_024 * 1_024, ' '));
    const connection = await createConnection(
      con,
      server.serve(path(), bomb, { 'content-encoding': 'gzip' }),
    );
    await expect(sync(con, connection)).rejects.toMatchObject({
      cause: { name: 'ResponseTooLargeError' },
    });
  });

  test('a server that nobody reaches is tried again', async () => {
    const { con } = database;
    const closed = new FeedServer();
    await closed.start();
    const connection = await createConnection(con, closed.url('/feed'));
    await closed.stop();
    const limits = { maximumFailures: 1 };
    await expect(sync(con, connection, { limits })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
    expect(await reload(con, connection)).toMatchObject({
      consecutiveFailures: 1,
      disabledAt: null,
    });
  });

  test('parsing that takes too long ends with its thread', async () => {
    const { con } = database;
    const connection = await createConnection(
      con,
      server.serve(path(), rss([{ guid: '1', title: 'One' }])),
    );
    await expect(
      sync(con, connection, { limits: { parseSeconds: 0.001 } }),
    ).rejects.toMatchObject({ name: 'FeedTooComplexError', exceeded: 'time' });
  });

  test('parsing that takes too much memory ends with its thread', async () => {
    const { con } = database;
    const items = Array.from({ length: 60_000 }, (_, index) => ({
      guid: `${index}`,
      title: 'T',
    }));
    const connection = await createConnection(
      con,
      server.serve(path(), rss(items)),
    );
    await expect(
      sync(con, connection, { limits: { parseMemory: 16 } }),
    ).rejects.toMatchObject({
      name: 'FeedTooComplexError',
      exceeded: 'memory',
    });
  });

  test('a private address is refused unless allowed', async () => {
    const { con } = database;
    const own = path();
    const connection = await createConnection(
      con,
      server.serve(own, rss([{ guid: '1', title: 'One' }])),
    );
    await expect(
      sync(con, connection, { allowPrivate: false }),
    ).rejects.toMatchObject({
      name: 'FeedUnfetchableError',
      cause: { name: 'ForbiddenAddressError' },
    });
    expect(server.asked(own)).toBe(0);
  });
});

describe('failures', () => {
  test('a web page instead of a feed is permanent', async () => {
    const { con } = database;
    const connection = await createConnection(
      con,
      server.serve(path(), '<!doctype html><html><body>Hi</body></html>', {
        'content-type': 'text/html',
      }),
    );
    await expect(sync(con, connection)).rejects.toMatchObject({
      name: 'UnreadableFeedError',
      reason: 'not-a-feed',
    });
  });

  test.each([500, 503, 429])('%i is tried again', async (status) => {
    const { con } = database;
    const connection = await createConnection(
      con,
      server.on(path(), (_, response) => response.writeHead(status).end()),
    );
    await expect(sync(con, connection)).rejects.toMatchObject({
      name: 'FeedUnavailableError',
      status,
    });
  });

  test('403 is permanent', async () => {
    const { con } = database;
    const connection = await createConnection(
      con,
      server.on(path(), (_, response) => response.writeHead(403).end()),
    );
    await expect(sync(con, connection)).rejects.toMatchObject({
      name: 'FeedRefusedError',
    });
  });

  test('a feed that stays missing disables its connection', async () => {
    const { con } = database;
    const own = path();
    const connection = await createConnection(con, server.url(own));
    const limits = { maximumFailures: 3 };
    for (const name of [
      'FeedMissingError',
      'FeedMissingError',
      'FeedGoneError',
    ])
      await expect(sync(con, connection, { limits })).rejects.toMatchObject({
        name,
      });
    expect((await reload(con, connection)).disabledAt).not.toBeNull();
    expect(await sync(con, connection)).toEqual({ outcome: 'idle' });
    expect(server.asked(own)).toBe(3);
  });

  test('a success forgets the failures before it', async () => {
    const { con } = database;
    const own = path();
    const connection = await createConnection(con, server.url(own));
    await expect(sync(con, connection)).rejects.toThrow();
    server.serve(own, rss([{ guid: '1', title: 'One' }]));
    await sync(con, connection);
    expect(await reload(con, connection)).toMatchObject({
      consecutiveFailures: 0,
      lastError: null,
    });
  });

  test('a connection that is gone is no error', async () => {
    const { con } = database;
    const connection = await createConnection(con, server.url(path()));
    await con.getRepository(Connection).delete({ id: connection.id });
    expect(await sync(con, connection)).toEqual({ outcome: 'idle' });
  });
});

describe('one sync at a time', () => {
  /** A feed whose first answer waits, and what tells that it was asked. */
  const slowFeed = (body: () => string) => {
    const own = path();
    const asked = [
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
    ] as const;
    const release = Promise.withResolvers<void>();
    const url = server.on(own, (_, response) => {
      const answer = body();
      asked[server.asked(own) === 1 ? 0 : 1].resolve();
      void release.promise.then(() => response.writeHead(200).end(answer));
    });
    return {
      own,
      url,
      asked: asked[0].promise,
      askedAgain: asked[1].promise,
      release: release.resolve,
    };
  };

  test('a second job ends at once, and the first is followed by one more', async () => {
    const { con } = database;
    const feed = slowFeed(() => rss([{ guid: '1', title: 'One' }]));
    const connection = await createConnection(con, feed.url);
    const first = sync(con, connection);
    await feed.asked;
    expect(await sync(con, connection)).toEqual({ outcome: 'busy' });
    expect(await sync(con, connection)).toEqual({ outcome: 'busy' });
    expect(await waitingSyncs(con, connection)).toBe(0);
    feed.release();
    expect(await first).toMatchObject({ created: 1 });
    expect(server.asked(feed.own)).toBe(1);
    expect(await waitingSyncs(con, connection)).toBe(1);
  });

  test('of five jobs at once one asks the server', async () => {
    const { con } = database;
    const feed = slowFeed(() => rss([{ guid: '1', title: 'One' }]));
    const connection = await createConnection(con, feed.url);
    const runs = Array.from({ length: 5 }, async () => {
      const { outcome } = await sync(con, connection);
      return outcome;
    });
    let busy = 0;
    await new Promise<void>((resolve, reject) => {
      for (const run of runs)
        run.then((outcome) => {
          if (outcome === 'busy') busy += 1;
          if (busy === 4) resolve();
        }, reject);
    });
    feed.release();
    expect((await Promise.all(runs)).sort()).toEqual([
      ...['busy', 'busy', 'busy', 'busy'],
      'synced',
    ]);
    expect(server.asked(feed.own)).toBe(1);
    expect(await waitingSyncs(con, connection)).toBe(1);
  });

  test('a sync that nobody interrupted is not followed by another', async () => {
    const { con } = database;
    const connection = await createConnection(
      con,
      server.serve(path(), rss([{ guid: '1', title: 'One' }])),
    );
    await sync(con, connection);
    expect(await waitingSyncs(con, connection)).toBe(0);
  });

  test('the next attempt of a job takes over from one that was killed, which stores nothing any more', async () => {
    const { con } = database;
    const feed = slowFeed(() => rss([{ guid: '1', title: 'One' }]));
    const connection = await createConnection(con, feed.url);
    const jobId = randomUUID();
    const killed = sync(con, connection, {
      context: runningJob(con, { jobId }),
    });
    await feed.asked;
    const next = sync(con, connection, { context: runningJob(con, { jobId }) });
    await feed.askedAgain;
    feed.release();
    const outcomes = (await Promise.all([killed, next])).map(
      ({ outcome }) => outcome,
    );
    expect(outcomes).toEqual(['superseded', 'synced']);
    expect(await postsOf(con, connection)).toHaveLength(1);
  });

  test('a lease whose time is over is free', async () => {
    const { con } = database;
    const connection = await createConnection(
      con,
      server.serve(path(), rss([{ guid: '1', title: 'One' }])),
      {
        leaseToken: randomUUID(),
        leaseJobId: 'a job that was killed',
        leaseUntil: new Date(Date.now() - 1_000),
      },
    );
    expect(await sync(con, connection)).toMatchObject({ created: 1 });
  });

  test('an aborted sync gives its lease up and blames nobody', async () => {
    const { con } = database;
    const feed = slowFeed(() => rss([{ guid: '1', title: 'One' }]));
    const connection = await createConnection(con, feed.url);
    const controller = new AbortController();
    const aborted = sync(con, connection, {
      context: runningJob(con, { signal: controller.signal }),
    });
    await feed.asked;
    controller.abort(new Error('drained'));
    await expect(aborted).rejects.toThrow();
    feed.release();
    expect(await reload(con, connection)).toMatchObject({
      leaseToken: null,
      consecutiveFailures: 0,
      lastError: null,
    });
    expect(await postsOf(con, connection)).toEqual([]);
  });
});
