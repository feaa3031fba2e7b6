import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { createJob, createJobs } from '../../src/jobs/create-job.ts';
import { requestExport } from '../../src/jobs/handlers/exports/request.ts';
import { announceEvent } from '../../src/jobs/handlers/webhooks/announce-event.ts';
import { createWebhookEndpoint } from '../../src/jobs/handlers/webhooks/endpoints.ts';

/** The token of the gateway in front of the API. */
export const apiSecret = 'the-token-of-the-gateway-of-the-pictures';

export interface LoadOptions {
  readonly con: DataSource;
  /** Of the API. */
  readonly url: string;
  /** Ends it. */
  readonly signal: AbortSignal;
}

const feed = `<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><link>http://example.com</link><description>News</description>${Array.from(
  { length: 6 },
  (_, item) =>
    `<item><title>Item ${item}</title><link>http://example.com/${item}</link><guid>item-${item}</guid><description>What is new</description></item>`,
).join('')}</channel></rss>`;

/** Receives webhooks and serves feeds, as well as the path says. */
const startOutside = async (): Promise<Server> => {
  const server = createServer((request, response) => {
    request.resume();
    const path = request.url ?? '';
    const status = path.includes('busy')
      ? 503
      : path.includes('gone')
        ? 410
        : 200;
    response.writeHead(status, { 'content-type': 'application/rss+xml' });
    response.end(path.startsWith('/feed') && status === 200 ? feed : '');
  });
  await new Promise<void>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve()),
  );
  return server;
};

const faults = [
  `raise exception 'no space left on device for comment %', new.id`,
  `raise exception 'canceling statement due to statement timeout'`,
  `raise exception 'column "content_html" of comment % is too long', new.id`,
];

/** Some comments cannot be rendered, for one of three reasons: they become dead letters. */
const poison = async (con: DataSource): Promise<void> => {
  await con.query(`create or replace function is_poisonous() returns trigger language plpgsql as $$
    begin
      case hashtext(new.id::text) % 3
        when 0 then ${faults[0]};
        when 1 then ${faults[1]};
        else ${faults[2]};
      end case;
    end $$`);
  await con.query(`create trigger is_poisonous before update of content_html on comment for each row
    when (hashtext(new.id::text) % 4 = 0 and old.content_html is distinct from new.content_html)
    execute function is_poisonous()`);
};

const gateway = async (
  url: string,
  user: string,
  query: string,
): Promise<void> => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiSecret}`,
      'x-user-id': user,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ query }),
  });
  await response.arrayBuffer();
};

const ids = async (con: DataSource, table: string): Promise<string[]> =>
  (
    await con.query<{ id: string }[]>(`select id from ${table} order by id`)
  ).map(({ id }) => id);

const at = <Item>(items: readonly Item[], index: number): Item =>
  items[index % items.length]!;

/** Votes, views, edits and comments, a few at a time, as people would make them. */
const people = async ({ con, url, signal }: LoadOptions): Promise<void> => {
  const users = await ids(con, '"user"');
  const posts = await ids(con, 'post');
  for (let round = 0; !signal.aborted; round++) {
    const post = at(posts, round * 7);
    await Promise.all([
      ...[0, 1, 2].map((voter) =>
        gateway(
          url,
          at(users, round + voter * 5),
          `mutation { votePost(id: "${at(posts, round + voter)}", vote: ${round % 9 === 0 ? 'NONE' : 'UP'}) { id } }`,
        ),
      ),
      gateway(url, at(users, round), `mutation { viewPost(id: "${post}") }`),
      gateway(
        url,
        at(users, round * 3),
        `mutation { createComment(input: { postId: "${post}", content: "I think **so**, too (${round})" }) { id } }`,
      ),
      ...(round % 12 === 0
        ? [
            con.query(`update "user" set name = name || '.' where id = $1`, [
              at(users, round),
            ]),
          ]
        : []),
    ]);
    await delay(120);
  }
};

const jobs = async (con: DataSource, outside: string): Promise<void> => {
  const { manager } = con;
  const [source] = await ids(con, 'source');
  const [author = '', other = ''] = await ids(con, '"user"');
  for (const path of ['news', 'sport', 'culture', 'busy', 'gone', 'science']) {
    const id = uuidv7();
    await con.query(
      `insert into connection (id, source_id, author_id, url) values ($1, $2, $3, $4)`,
      [id, source, author, `${outside}/feed/${path}`],
    );
    await createJob(
      'sync-connection',
      { payload: { connectionId: id }, key: id },
      { manager },
    );
  }
  for (const path of ['hook', 'busy-hook', 'gone-hook'])
    await createWebhookEndpoint(manager, {
      userId: author,
      url: `${outside}/${path}`,
      allowPrivate: true,
    });
  for (let event = 0; event < 12; event++)
    await con.transaction((own) =>
      announceEvent(own, {
        userId: author,
        eventType: event % 3 === 0 ? 'export.ready' : 'post.published',
        eventId: randomUUID(),
        data: { postId: randomUUID(), title: 'A post' },
      }),
    );
  for (const userId of [author, other])
    for (const kind of ['my-posts', 'my-comments'] as const)
      for (const format of ['csv', 'pdf'] as const)
        await con.transaction((own) =>
          requestExport(own, { userId, kind, format }),
        );
  await createJobs(
    'send-email',
    Array.from({ length: 40 }, (_, index) => ({
      payload: {
        template: 'export-ready' as const,
        // Every fifth is to somebody who is not there.
        userId: index % 5 === 0 ? randomUUID() : other,
        context: { link: 'http://127.0.0.1/', file: 'my-posts.csv' },
      },
      tenant: { id: `tenant-${index % 4}` },
    })),
    { manager },
  );
  for (const counter of ['post-upvotes', 'user-reputation'] as const)
    await createJob(
      'reconcile-counters',
      { payload: { counter } },
      { manager },
    );
  await createJobs(
    'warm-trending-posts',
    Array.from({ length: 5 }, (_, index) => ({
      payload: {},
      run_at: new Date(Date.now() + (index + 1) * 3_600_000),
    })),
    { manager },
  );
};

/** A bounded load of what the application does, some of it failing. */
export const runLoad = async (options: LoadOptions): Promise<void> => {
  const { con } = options;
  const outside = await startOutside();
  try {
    const { port } = outside.address() as AddressInfo;
    await poison(con);
    await jobs(con, `http://127.0.0.1:${port}`);
    await people(options);
  } finally {
    outside.closeAllConnections();
    outside.close();
  }
};
