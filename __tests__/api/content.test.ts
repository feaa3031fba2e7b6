import type { FastifyInstance } from 'fastify';

import { Comment, Outbox, Post, Source } from '../../src/entity/index.ts';
import { saveFixtures } from '../setup/save-fixtures.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { gateway, request, savePost, startApi } from './api.ts';

let database: TestDatabase;
let app: FastifyInstance;
let fixtures: Awaited<ReturnType<typeof savePost>>;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startApi(database);
});

afterAll(async () => {
  await app.close();
  await database.drop();
});

beforeEach(async () => {
  await database.dataSource.query('truncate outbox, post cascade');
  fixtures = await savePost(database.dataSource);
});

const comment = async (input: {
  readonly postId?: string;
  readonly parentId?: string;
  readonly content?: string;
}) =>
  request(
    app,
    `mutation ($input: CreateCommentInput!) {
      createComment(input: $input) { id parentId content contentHtml post { comments } author { username } }
    }`,
    {
      viewer: fixtures.reader.id,
      variables: {
        input: { postId: fixtures.post.id, content: 'I *think* so', ...input },
      },
    },
  );

const outbox = () => database.dataSource.getRepository(Outbox).find();

test('a post is made by the viewer, with a UUIDv7', async () => {
  const answer = await request(
    app,
    `mutation ($input: CreatePostInput!) {
      createPost(input: $input) { id title upvotes comments createdAt author { id } source { handle } }
    }`,
    {
      viewer: fixtures.author.id,
      variables: {
        input: {
          sourceId: fixtures.source.id,
          title: ' A title ',
          content: 'Text',
        },
      },
    },
  );
  expect(answer).toEqual({
    status: 200,
    data: {
      createPost: {
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
        title: 'A title',
        upvotes: 0,
        comments: 0,
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        author: { id: fixtures.author.id },
        source: { handle: fixtures.source.handle },
      },
    },
  });
});

test('a post needs a source that exists', async () => {
  const answer = await request(
    app,
    `mutation { createPost(input: {
      sourceId: "0190c5f0-0000-7000-8000-000000000000", title: "A", content: "B"
    }) { id } }`,
    { viewer: fixtures.author.id },
  );
  expect(answer).toMatchObject({
    status: 404,
    errors: [{ extensions: { code: 'NOT_FOUND', what: 'source' } }],
  });
});

test('a source is made by the gateway', async () => {
  const answer = await request(
    app,
    `mutation { createSource(input: { handle: "weekly", name: "A weekly" }) { handle } }`,
    { headers: gateway },
  );
  expect(answer.data).toEqual({ createSource: { handle: 'weekly' } });
  await expect(
    database.dataSource.getRepository(Source).existsBy({ handle: 'weekly' }),
  ).resolves.toBe(true);
});

test('a comment is counted and, at the top, triggers nothing', async () => {
  const answer = await comment({});
  expect(answer.data).toEqual({
    createComment: {
      id: expect.any(String),
      parentId: null,
      content: 'I *think* so',
      contentHtml: '',
      post: { comments: 1 },
      author: { username: fixtures.reader.username },
    },
  });
  await expect(outbox()).resolves.toEqual([]);
});

test('a reply triggers comment-commented', async () => {
  const { post, author, reader } = fixtures;
  const [parent] = (await saveFixtures(database.dataSource, Comment, [
    { postId: post.id, userId: author.id, content: 'First' },
  ])) as [Comment];
  const answer = await comment({ parentId: parent.id });
  const { createComment } = answer.data as { createComment: { id: string } };
  const [event, ...others] = await outbox();
  expect(others).toEqual([]);
  expect(event?.topic).toBe('comment-commented');
  expect(JSON.parse(String(event?.payload))).toEqual({
    commentId: createComment.id,
    parentCommentId: parent.id,
    postId: post.id,
    userId: reader.id,
  });
});

test('a reply to a comment of another post is refused and leaves nothing', async () => {
  const other = await savePost(database.dataSource);
  const [parent] = (await saveFixtures(database.dataSource, Comment, [
    { postId: other.post.id, userId: other.author.id, content: 'Elsewhere' },
  ])) as [Comment];
  const answer = await comment({ parentId: parent.id });
  expect(answer).toMatchObject({
    status: 400,
    errors: [{ extensions: { code: 'INVALID_INPUT', parentId: parent.id } }],
  });
  await expect(
    database.dataSource
      .getRepository(Comment)
      .countBy({ postId: fixtures.post.id }),
  ).resolves.toBe(0);
  await expect(outbox()).resolves.toEqual([]);
});

test('text with NUL, which Postgres cannot store, is refused as the client’s mistake', async () => {
  const answer = await comment({ content: 'before\0after' });
  expect(answer.errors?.[0]?.extensions.code).toBe('INVALID_INPUT');
});

test('comments at the same time are all counted', async () => {
  await Promise.all(Array.from({ length: 6 }, () => comment({})));
  await expect(
    database.dataSource
      .getRepository(Post)
      .findOneByOrFail({ id: fixtures.post.id }),
  ).resolves.toMatchObject({ comments: 6 });
});

test('pages hold every post once, newest first', async () => {
  const { post, source, author } = fixtures;
  const more = await saveFixtures(
    database.dataSource,
    Post,
    Array.from({ length: 4 }, (_, place) => ({
      sourceId: source.id,
      authorId: author.id,
      title: `Post ${place}`,
      content: 'Text',
    })),
  );
  const expected = [post, ...more].map(({ id }) => id).reverse();
  const seen: string[][] = [];
  let after: string | null = null;
  do {
    const answer = await request(
      app,
      `query ($after: ID) { posts(first: 2, after: $after) { items { id author { id } } next } }`,
      { variables: { after } },
    );
    const { items, next } = answer.data?.posts as {
      items: { id: string }[];
      next: string | null;
    };
    seen.push(items.map(({ id }) => id));
    after = next;
  } while (after !== null && seen.length < 10);
  expect(seen).toEqual([
    expected.slice(0, 2),
    expected.slice(2, 4),
    expected.slice(4),
  ]);
});

test('comments of a post come oldest first', async () => {
  await comment({});
  await comment({});
  const answer = await request(
    app,
    `{ comments(postId: "${fixtures.post.id}", first: 1) { items { post { id } } next } }`,
  );
  expect(answer.data).toEqual({
    comments: {
      items: [{ post: { id: fixtures.post.id } }],
      next: expect.any(String),
    },
  });
});

test('a digest is subscribed to, changed and left', async () => {
  const viewer = fixtures.reader.id;
  const subscribe = (preferredHour: number) =>
    request(
      app,
      `mutation { subscribeDigest(input: { frequency: workdays, preferredHour: ${preferredHour} }) { frequency preferredHour } }`,
      { viewer },
    );
  await subscribe(8);
  expect((await subscribe(9)).data).toEqual({
    subscribeDigest: { frequency: 'workdays', preferredHour: 9 },
  });
  const read = await request(app, '{ viewer { digest { preferredHour } } }', {
    viewer,
  });
  expect(read.data).toEqual({ viewer: { digest: { preferredHour: 9 } } });
  const wrong = await subscribe(24);
  expect(wrong.errors?.[0]?.extensions.code).toBe('INVALID_INPUT');
  for (const had of [true, false]) {
    const left = await request(app, 'mutation { unsubscribeDigest }', {
      viewer,
    });
    expect(left.data).toEqual({ unsubscribeDigest: had });
  }
});
