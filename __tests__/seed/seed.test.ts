import { version } from 'uuid';

import { seed } from '../../src/seed/seed.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';

const tables = [
  '"user"',
  'source',
  'opportunity',
  'digest_subscription',
  'post',
  'comment',
  'post_vote',
  'comment_vote',
  'reputation_event',
];

/** Every row of sample data as text, but for the time of the grants. */
const contents = async ({ dataSource }: TestDatabase, withVersion: boolean) =>
  Promise.all(
    tables.map((table) =>
      dataSource.query<{ row: unknown }[]>(
        `select to_jsonb(t) - case when $1 = 'reputation_event' then 'created_at' else '' end as row
          ${withVersion ? ', xmin::text' : ''}
        from ${table} t order by 1`,
        [table],
      ),
    ),
  );

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await seed(database.dataSource, { users: 30, posts: 60 });
});

afterAll(() => database.drop());

const query = <Row>(sql: string) => database.dataSource.query<Row[]>(sql);

test('running twice changes nothing, not even a version of a row', async () => {
  const before = await contents(database, true);
  const report = await seed(database.dataSource, { users: 30, posts: 60 });
  expect(new Set(Object.values(report.inserted))).toEqual(new Set([0]));
  expect(report.corrected).toBe(0);
  expect(await contents(database, true)).toEqual(before);
});

test('two databases get the same rows', async () => {
  const other = await createTestDatabase();
  try {
    await seed(other.dataSource, { users: 30, posts: 60 });
    expect(await contents(other, false)).toEqual(
      await contents(database, false),
    );
  } finally {
    await other.drop();
  }
});

test('counters and reputation agree with the rows', async () => {
  const wrong = await query(`
    select 'post' as what, p.id from post p
    where upvotes <> (select count(*) from post_vote v where v.post_id = p.id and v.vote = 1)
      or comments <> (select count(*) from comment c where c.post_id = p.id)
    union all
    select 'comment', c.id from comment c
    where upvotes <> (select count(*) from comment_vote v where v.comment_id = c.id and v.vote = 1)
    union all
    select 'user', u.id from "user" u
    where reputation <> 10 + 10 * (
      (select count(*) from post_vote v join post p on p.id = v.post_id
        where p.author_id = u.id and v.user_id <> u.id and v.vote = 1)
      + (select count(*) from comment_vote v join comment c on c.id = v.comment_id
        where c.user_id = u.id and v.user_id <> u.id and v.vote = 1))`);
  expect(wrong).toEqual([]);
});

test('sample data look like data: popular and quiet posts, replies, votes of each kind', async () => {
  const [facts] = await query<Record<string, boolean>>(`
    select
      (select max(upvotes) > 10 and min(upvotes) < 3 from post) as spread,
      (select count(*) > 0 from comment where parent_id is not null) as replies,
      (select count(distinct vote) = 3 from post_vote) as votes,
      (select count(distinct title) > 30 from post) as titles,
      (select bool_and(c.post_id = p.post_id) from comment c join comment p on p.id = c.parent_id) as threads`);
  expect(facts).toEqual({
    spread: true,
    replies: true,
    votes: true,
    titles: true,
    threads: true,
  });
});

test('ids are UUIDv7 in the order of creation', async () => {
  const posts = await query<{ id: string }>(
    'select id from post order by created_at',
  );
  const ids = posts.map(({ id }) => id);
  expect(ids).toEqual([...ids].sort());
  expect(new Set(ids.map((id) => version(id)))).toEqual(new Set([7]));
});

test('nothing is triggered', async () => {
  await expect(query('select from outbox')).resolves.toEqual([]);
});

test('a vote that somebody took back stays taken back', async () => {
  const own = await createTestDatabase();
  try {
    const { dataSource } = own;
    const size = { users: 10, posts: 10 };
    await seed(dataSource, size);
    await dataSource.query('update post_vote set vote = 0');
    const { inserted, corrected } = await seed(dataSource, size);
    expect(inserted.post_vote).toBe(0);
    expect(corrected).toBeGreaterThan(0);
    await expect(
      dataSource.query('select id from post where upvotes > 0'),
    ).resolves.toEqual([]);
  } finally {
    await own.drop();
  }
});

test('a larger run adds to a smaller one', async () => {
  const own = await createTestDatabase();
  try {
    await seed(own.dataSource, { users: 10, posts: 5 });
    const { inserted } = await seed(own.dataSource, { users: 12, posts: 8 });
    expect(inserted).toMatchObject({ user: 2, post: 3, source: 0 });
  } finally {
    await own.drop();
  }
});
