import { randomUUID } from 'node:crypto';

import type { DataSource } from 'typeorm';

import { Post } from '../../../../src/entity/index.ts';
import { cached } from '../../../../src/jobs/handlers/cache/cached.ts';
import { warmKpiHealth } from '../../../../src/jobs/handlers/cache/kpi-health.ts';
import type {
  Kpi,
  KpiHealth,
} from '../../../../src/jobs/handlers/cache/schema.ts';
import { warmTrendingPosts } from '../../../../src/jobs/handlers/cache/trending-posts.ts';
import { saveFixtures } from '../../../helpers.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../setup/database.ts';
import { createCommunity, createUser } from '../../../workers/community.ts';

let database: TestDatabase;
let con: DataSource;

beforeEach(async () => {
  database = await createTestDatabase();
  con = database.dataSource;
});
afterEach(() => database.drop());

const createPosts = async (...titles: string[]): Promise<Post[]> => {
  const { post } = await createCommunity(con);
  const { sourceId, authorId } = post;
  return saveFixtures(
    con,
    Post,
    titles.map((title) => ({ sourceId, authorId, title, content: 'x' })),
  );
};

const vote = async (
  post: Post,
  votes: number,
  hoursAgo: number,
  value = 1,
): Promise<void> => {
  for (let voter = 0; voter < votes; voter += 1) {
    const user = await createUser(con);
    await con.query(
      `insert into post_vote values ($1, $2, $3, now() - make_interval(hours => $4))`,
      [post.id, user.id, value, hoursAgo],
    );
  }
};

const view = (postId: string, views: number): Promise<unknown> =>
  con.query(
    `insert into post_view select gen_random_uuid(), $1, null, now() from generate_series(1, $2)`,
    [postId, views],
  );

const trending = async () => {
  await warmTrendingPosts(con);
  return (await cached(con, 'trending-posts'))!;
};

const health = async (): Promise<KpiHealth> => {
  await warmKpiHealth(con);
  return (await cached(con, 'kpi-health'))!.value;
};

const kpi = ({ kpis }: KpiHealth, name: Kpi['name']): Kpi =>
  kpis.find((each) => each.name === name)!;

it('has nothing before it was computed', async () => {
  expect(await cached(con, 'trending-posts')).toBeUndefined();
});

it('ranks new votes above more old ones, and forgets what is older than a week', async () => {
  const [old, recent, ancient, down] = (await createPosts(
    'old',
    'recent',
    'ancient',
    'down',
  )) as [Post, Post, Post, Post];
  await vote(old, 5, 96);
  await vote(recent, 2, 1);
  await vote(ancient, 9, 200);
  await vote(down, 3, 1, -1);
  const { value } = await trending();
  expect(value.map(({ title }) => title)).toEqual(['recent', 'old']);
  expect(value[1]?.score).toBeCloseTo(5 / 16, 2);
});

it('counts views, of which many weigh less than a few votes', async () => {
  const [voted, seen, both] = (await createPosts('voted', 'seen', 'both')) as [
    Post,
    Post,
    Post,
  ];
  await vote(voted, 4, 0);
  await view(seen.id, 500);
  await vote(both, 4, 0);
  await view(both.id, 10);
  await view(randomUUID(), 10_000);
  expect((await trending()).value.map(({ title }) => title)).toEqual([
    'both',
    'voted',
    'seen',
  ]);
});

it('is an empty list where nobody votes or looks', async () => {
  expect((await trending()).value).toEqual([]);
});

it('replaces what was computed before and says when it is stale', async () => {
  const [post] = (await createPosts('a post')) as [Post];
  const first = await trending();
  expect(first).toMatchObject({ value: [], stale: false });
  await vote(post, 1, 0);
  const second = await trending();
  expect(second.value).toHaveLength(1);
  expect(second.computedAt.getTime()).toBeGreaterThan(
    first.computedAt.getTime(),
  );
  await con.query(
    `update cache_entry set computed_at = now() - interval '3 hours', expires_at = now() - interval '1 hour'`,
  );
  expect(await cached(con, 'trending-posts')).toMatchObject({
    stale: true,
    value: second.value,
  });
});

it('keeps the later of two computations', async () => {
  await trending();
  await con.query(
    `update cache_entry set value = '"later"', computed_at = now() + interval '1 hour', expires_at = now() + interval '3 hours'`,
  );
  expect((await trending()).value).toBe('later');
});

/** Users that signed up these many on each of the last days, today first. */
const signUps = async (...counts: number[]): Promise<void> => {
  for (const [age, count] of counts.entries())
    await con.query(
      `insert into "user" (id, username, name, email, created_at)
       select id, id, 'n', id || '@example.com', date_trunc('day', now(), 'UTC') - make_interval(days => $1)
         from (select gen_random_uuid() as id from generate_series(1, $2)) made`,
      [age, count],
    );
};

it('counts each of eight days, and knows a usual day', async () => {
  await signUps(1, 20, 20, 20, 20, 20, 20, 20, 50);
  const users = kpi(await health(), 'users');
  expect(users.days.map(({ count }) => count)).toEqual([
    20, 20, 20, 20, 20, 20, 20, 1,
  ]);
  expect(users).toMatchObject({ typical: 20, state: 'ok' });
});

it('calls a day low that had less than half of the usual', async () => {
  await signUps(1, 9, 20, 20, 20, 20, 20, 20);
  expect(kpi(await health(), 'users').state).toBe('low');
});

it('calls silent what nobody did for a day', async () => {
  await createPosts('a post');
  await con.query(`update post set created_at = now() - interval '25 hours'`);
  const found = await health();
  expect(kpi(found, 'posts')).toMatchObject({
    state: 'silent',
    newestAt: expect.stringMatching(/Z$/),
  });
  expect(kpi(found, 'views')).toMatchObject({
    state: 'silent',
    newestAt: null,
  });
});

it('tells what waits, and for how long', async () => {
  expect((await health()).waiting).toEqual({
    outboxOldest: null,
    deadLettersOpen: 0,
    deadLettersOldest: null,
    jobsDue: 0,
    jobsOldestDue: null,
  });
  await con.query(
    `insert into outbox (id, topic, ordering_key, type, payload, created_at)
     values (gen_random_uuid(), 't', 'k', 't', '', now() - interval '90 seconds')`,
  );
  const { waiting } = await health();
  expect(waiting.outboxOldest).toBeGreaterThanOrEqual(90);
});
