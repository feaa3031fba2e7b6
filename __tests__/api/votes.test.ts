import type { FastifyInstance } from 'fastify';

import {
  Comment,
  CommentVote,
  Outbox,
  Post,
  PostVote,
} from '../../src/entity/index.ts';
import { saveFixtures } from '../setup/save-fixtures.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { request, savePost, startApi } from './api.ts';

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
  await database.dataSource.getRepository(Outbox).clear();
  fixtures = await savePost(database.dataSource);
});

const votePost = (vote: string, viewer = fixtures.reader.id) =>
  request(
    app,
    `mutation ($id: ID!, $vote: Vote!) { votePost(id: $id, vote: $vote) { id upvotes } }`,
    { viewer, variables: { id: fixtures.post.id, vote } },
  );

const events = async (): Promise<[topic: string, payload: unknown][]> => {
  const rows = await database.dataSource
    .getRepository(Outbox)
    .find({ order: { createdAt: 'ASC', id: 'ASC' } });
  return rows.map(({ topic, payload }) => [
    topic,
    JSON.parse(payload.toString()),
  ]);
};

test('an upvote writes the vote, the counter and its event', async () => {
  const { post, reader } = fixtures;
  const answer = await votePost('UP');
  expect(answer).toEqual({
    status: 200,
    data: { votePost: { id: post.id, upvotes: 1 } },
  });
  const { dataSource } = database;
  await expect(
    dataSource.getRepository(PostVote).findOneByOrFail({ postId: post.id }),
  ).resolves.toMatchObject({ userId: reader.id, vote: 1 });
  await expect(
    dataSource.getRepository(Post).findOneByOrFail({ id: post.id }),
  ).resolves.toMatchObject({ upvotes: 1 });
  await expect(events()).resolves.toEqual([
    ['post-upvoted', { postId: post.id, userId: reader.id }],
  ]);
});

test('the vote, the counter and the event are of one transaction', async () => {
  await votePost('UP');
  const [row]: { same: boolean }[] = await database.dataSource.query(
    `select (v.xmin = o.xmin and p.xmin = o.xmin) as same
    from post p, post_vote v, outbox o
    where p.id = $1 and v.post_id = p.id`,
    [fixtures.post.id],
  );
  expect(row).toEqual({ same: true });
});

test('a failing transaction leaves neither vote nor event', async () => {
  const { dataSource } = database;
  await dataSource.query(`
    create function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'refused'; end $$`);
  await dataSource.query(
    `create constraint trigger refuse after insert on outbox
    deferrable initially deferred for each row execute function refuse()`,
  );
  try {
    const answer = await votePost('UP');
    expect(answer.status).toBe(500);
    expect(answer.errors).toEqual([
      expect.objectContaining({
        message: expect.not.stringContaining('refused'),
        extensions: { code: 'INTERNAL', requestId: expect.any(String) },
      }),
    ]);
  } finally {
    await dataSource.query('drop function refuse cascade');
  }
  await expect(events()).resolves.toEqual([]);
  await expect(
    dataSource.getRepository(PostVote).countBy({ postId: fixtures.post.id }),
  ).resolves.toBe(0);
});

test('upvoting twice makes one event', async () => {
  await votePost('UP');
  const again = await votePost('UP');
  expect(again.data).toMatchObject({ votePost: { upvotes: 1 } });
  await expect(events()).resolves.toHaveLength(1);
});

test('upvotes of one person at the same time make one vote and one event', async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => votePost('UP')),
  );
  for (const { data } of answers)
    expect(data).toMatchObject({ votePost: { upvotes: 1 } });
  await expect(events()).resolves.toHaveLength(1);
});

test('cancelling keeps the row, counts anew and triggers its own event', async () => {
  const { post, reader } = fixtures;
  await votePost('UP');
  const answer = await votePost('NONE');
  expect(answer.data).toMatchObject({ votePost: { upvotes: 0 } });
  await expect(
    database.dataSource
      .getRepository(PostVote)
      .findOneByOrFail({ postId: post.id }),
  ).resolves.toMatchObject({ vote: 0 });
  await expect(events()).resolves.toEqual([
    ['post-upvoted', { postId: post.id, userId: reader.id }],
    ['post-upvote-canceled', { postId: post.id, userId: reader.id }],
  ]);
});

test('a downvote in place of an upvote cancels the upvote', async () => {
  await votePost('UP');
  await votePost('DOWN');
  const topics = (await events()).map(([topic]) => topic);
  expect(topics).toEqual(['post-upvoted', 'post-upvote-canceled']);
});

test('cancelling what was never given writes nothing', async () => {
  const answer = await votePost('NONE');
  expect(answer.status).toBe(200);
  await expect(
    database.dataSource
      .getRepository(PostVote)
      .countBy({ postId: fixtures.post.id }),
  ).resolves.toBe(0);
  await expect(events()).resolves.toEqual([]);
});

test('a vote on a comment counts and triggers like one on a post', async () => {
  const { post, author, reader } = fixtures;
  const [comment] = (await saveFixtures(database.dataSource, Comment, [
    { postId: post.id, userId: author.id, content: 'A comment' },
  ])) as [Comment];
  for (const [vote, upvotes] of [
    ['UP', 1],
    ['UP', 1],
    ['NONE', 0],
  ]) {
    const answer = await request(
      app,
      `mutation ($id: ID!, $vote: Vote!) { voteComment(id: $id, vote: $vote) { upvotes } }`,
      { viewer: reader.id, variables: { id: comment.id, vote } },
    );
    expect(answer.data).toEqual({ voteComment: { upvotes } });
  }
  const payload = { commentId: comment.id, userId: reader.id };
  await expect(events()).resolves.toEqual([
    ['comment-upvoted', payload],
    ['comment-upvote-canceled', payload],
  ]);
  await expect(
    database.dataSource
      .getRepository(CommentVote)
      .countBy({ commentId: comment.id }),
  ).resolves.toBe(1);
});

test('a vote on an unknown post says what was expected', async () => {
  const id = '0190c5f0-0000-7000-8000-000000000000';
  const answer = await request(
    app,
    `mutation { votePost(id: "${id}", vote: UP) { id } }`,
    { viewer: fixtures.reader.id },
  );
  expect(answer).toMatchObject({
    status: 404,
    data: null,
    errors: [
      {
        message: `expected the id of a post that exists, got: ${id}; it may have been deleted`,
        extensions: { code: 'NOT_FOUND', what: 'post', id },
      },
    ],
  });
});

test('a vote of an unknown user is refused and leaves nothing', async () => {
  const answer = await votePost('UP', '0190c5f0-0000-7000-8000-000000000001');
  expect(answer).toMatchObject({
    status: 401,
    errors: [{ extensions: { code: 'VIEWER_REQUIRED' } }],
  });
  await expect(events()).resolves.toEqual([]);
});
