import { randomUUID } from 'node:crypto';

import type { DataSource } from 'typeorm';

import {
  Comment,
  Post,
  PostVote,
  ReconciliationDifference,
  ReconciliationReport,
  User,
} from '../../../../src/entity/index.ts';
import type { CounterName } from '../../../../src/jobs/handlers/reconciliation/counters.ts';
import { reconcileInto } from '../../../../src/jobs/handlers/reconciliation/reconcile.ts';
import { keptDifferences } from '../../../../src/jobs/handlers/reconciliation/report.ts';
import { recomputePostVote } from '../../../../src/workers/reputation/vote.ts';
import { request, startApi } from '../../../api/api.ts';
import { saveFixtures } from '../../../helpers.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../setup/database.ts';
import {
  createCommunity,
  createUser,
  reputationOf,
  voteComment,
  votePost,
  waitsForLock,
} from '../../../workers/community.ts';

let database: TestDatabase;
let con: DataSource;

beforeEach(async () => {
  database = await createTestDatabase();
  con = database.dataSource;
});
afterEach(() => database.drop());

const run = (counter: CounterName, repair = false) =>
  reconcileInto(randomUUID(), { counter, repair }, { con });

const differences = (reportId: string) =>
  con.getRepository(ReconciliationDifference).findBy({ reportId });
const postOf = (id: string) => con.getRepository(Post).findOneByOrFail({ id });

it('finds nothing where every counter agrees', async () => {
  const { post, reader, author } = await createCommunity(con);
  await votePost(con, post.id, reader.id, 1);
  await con.getRepository(Post).update({ id: post.id }, { comments: 1 });
  await con.transaction((manager) =>
    recomputePostVote(manager, { postId: post.id, userId: reader.id }),
  );
  expect(await reputationOf(con, author.id)).toBe(20);
  for (const counter of [
    'post-upvotes',
    'post-comments',
    'comment-upvotes',
    'user-reputation',
  ] as const)
    expect(await run(counter)).toMatchObject({
      checked: expect.any(Number),
      differing: 0,
      repaired: 0,
    });
});

it('reports what differs without changing it, and sets it right on demand', async () => {
  const { post, reader, comment, author } = await createCommunity(con);
  await votePost(con, post.id, reader.id, 1);
  await voteComment(con, comment.id, reader.id, 1);
  await con
    .getRepository(Post)
    .update({ id: post.id }, { upvotes: 7, comments: 3 });
  await con.getRepository(User).update({ id: author.id }, { reputation: 99 });
  const expected = {
    'post-upvotes': [7, 1],
    'post-comments': [3, 1],
    'comment-upvotes': [0, 1],
    'user-reputation': [99, 10],
  } as const;
  for (const [counter, [stored, counted]] of Object.entries(expected) as [
    CounterName,
    readonly [number, number],
  ][]) {
    const found = await run(counter);
    expect(found).toMatchObject({ differing: 1, repaired: 0 });
    expect(await differences(found.reportId)).toMatchObject([
      { stored: String(stored), counted: String(counted), repaired: false },
    ]);
    expect(await run(counter, true)).toMatchObject({
      differing: 1,
      repaired: 1,
    });
    expect(await run(counter)).toMatchObject({ differing: 0 });
  }
  expect(await postOf(post.id)).toMatchObject({ upvotes: 1, comments: 1 });
  expect(
    await con.getRepository(Comment).findOneByOrFail({ id: comment.id }),
  ).toMatchObject({ upvotes: 1 });
  expect(await reputationOf(con, author.id)).toBe(10);
});

/** Posts whose counter says one upvote too many. */
const wrongPosts = async (count: number): Promise<void> => {
  const { post } = await createCommunity(con);
  await con.query(
    `insert into post (id, source_id, author_id, title, content, upvotes)
     select gen_random_uuid(), $1, $2, 'Wrong', 'x', 1 from generate_series(1, $3)`,
    [post.sourceId, post.authorId, count],
  );
};

it('goes through a table chunk by chunk, and keeps a limited number of differences', async () => {
  await wrongPosts(keptDifferences + 50);
  const told: number[] = [];
  const found = await reconcileInto(
    randomUUID(),
    { counter: 'post-upvotes', repair: true },
    { con, limit: 100, onProgress: (fraction) => told.push(fraction) },
  );
  expect(found).toMatchObject({
    checked: keptDifferences + 51,
    differing: keptDifferences + 50,
    repaired: keptDifferences + 50,
  });
  expect(await differences(found.reportId)).toHaveLength(keptDifferences);
  expect(told).toHaveLength(11);
  expect(await run('post-upvotes')).toMatchObject({ differing: 0 });
});

it('goes on where an attempt was cut off, without counting anything twice', async () => {
  await wrongPosts(249);
  const id = randomUUID();
  const controller = new AbortController();
  const of = { counter: 'post-upvotes', repair: false } as const;
  await expect(
    reconcileInto(id, of, {
      con,
      limit: 100,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('drain')),
    }),
  ).rejects.toThrow('drain');
  expect(
    await con.getRepository(ReconciliationReport).findOneByOrFail({ id }),
  ).toMatchObject({ checked: '100', finishedAt: null });
  expect(await reconcileInto(id, of, { con, limit: 100 })).toEqual({
    reportId: id,
    checked: 250,
    differing: 249,
    repaired: 0,
  });
  expect(
    await con.getRepository(ReconciliationReport).findOneByOrFail({ id }),
  ).toMatchObject({ finishedAt: expect.any(Date) });
});

it('waits for a vote that is being cast, and counts it', async () => {
  const { post, reader } = await createCommunity(con);
  await con.getRepository(Post).update({ id: post.id }, { upvotes: 5 });
  const voting = con.createQueryRunner();
  await voting.startTransaction();
  await voting.query('select id from post where id = $1 for no key update', [
    post.id,
  ]);
  await voting.query(
    'insert into post_vote (post_id, user_id, vote) values ($1, $2, 1)',
    [post.id, reader.id],
  );
  const repairing = run('post-upvotes', true);
  await waitsForLock(con);
  await voting.commitTransaction();
  await voting.release();
  expect(await repairing).toMatchObject({ repaired: 1 });
  expect(await postOf(post.id)).toMatchObject({ upvotes: 1 });
});

it('does not lose reputation that is being given while it repairs', async () => {
  const { post, reader, author } = await createCommunity(con);
  await con.getRepository(User).update({ id: author.id }, { reputation: 50 });
  const repair = con.createQueryRunner();
  await repair.startTransaction();
  // The repair's lock, held by hand, so that what gives reputation comes in between.
  await repair.query('select id from "user" where id = $1 for no key update', [
    author.id,
  ]);
  await con
    .getRepository(PostVote)
    .save({ postId: post.id, userId: reader.id, vote: 1, votedAt: new Date() });
  const giving = con.transaction((manager) =>
    recomputePostVote(manager, { postId: post.id, userId: reader.id }),
  );
  await waitsForLock(con);
  const repairing = run('user-reputation', true);
  await repair.commitTransaction();
  await repair.release();
  await Promise.all([giving, repairing]);
  expect(await reputationOf(con, author.id)).toBe(20);
});

it('loses no vote of many that are cast through the API while it repairs', async () => {
  const { post } = await createCommunity(con);
  const voters = await Promise.all(
    Array.from({ length: 40 }, () => createUser(con)),
  );
  const [other] = await saveFixtures(con, Post, [
    {
      sourceId: post.sourceId,
      authorId: post.authorId,
      title: 'Other',
      content: 'x',
      upvotes: 3,
    },
  ]);
  const app = await startApi(database);
  try {
    const voting = Promise.all(
      voters.map(({ id }) =>
        request(
          app,
          `mutation { votePost(id: "${post.id}", vote: UP) { upvotes } }`,
          { viewer: id },
        ),
      ),
    );
    const spoil = async () => {
      for (let round = 0; round < 10; round += 1) {
        await con.query(
          'update post set upvotes = upvotes + 100 where id = $1',
          [post.id],
        );
        await run('post-upvotes', true);
      }
    };
    const [answers] = await Promise.all([voting, spoil()]);
    expect(answers.filter(({ errors }) => errors)).toEqual([]);
  } finally {
    await app.close();
  }
  await run('post-upvotes', true);
  expect(await postOf(post.id)).toMatchObject({ upvotes: 40 });
  expect(await postOf(other!.id)).toMatchObject({ upvotes: 0 });
  expect(await run('post-upvotes')).toMatchObject({ differing: 0 });
});
