import { randomUUID } from 'node:crypto';

import fc from '../random/property.ts';

import { Post, PostVote, ReputationEvent } from '../../src/entity/index.ts';
import { typedWorkers } from '../../src/workers/index.ts';
import {
  expectSuccessfulTypedBackground,
  useTestDatabase,
} from '../helpers.ts';
import {
  createCommunity,
  createUser,
  reputationOf,
  voteComment,
  votePost,
  waitsForLock,
} from './community.ts';

const database = useTestDatabase();

const upvoted = typedWorkers['post-upvoted-rep'];
const canceled = typedWorkers['post-upvote-canceled-rep'];
const commentUpvoted = typedWorkers['comment-upvoted-rep'];
const commentCanceled = typedWorkers['comment-upvote-canceled-rep'];

describe('the reputation of a post’s author', () => {
  it('grows by ten with an upvote, once however often the message comes', async () => {
    const { con } = database;
    const { author, reader, post } = await createCommunity(con);
    await votePost(con, post.id, reader.id, 1);
    const data = { postId: post.id, userId: reader.id };
    const id = randomUUID();
    await expectSuccessfulTypedBackground(upvoted, data, { id });
    await expectSuccessfulTypedBackground(upvoted, data, { id });
    await expectSuccessfulTypedBackground(upvoted, data);
    expect(await reputationOf(con, author.id)).toBe(20);
    expect(
      await con.getRepository(ReputationEvent).findBy({ targetId: post.id }),
    ).toEqual([
      expect.objectContaining({
        grantToId: author.id,
        grantById: reader.id,
        amount: 10,
      }),
    ]);
  });

  it('falls back when the upvote is cancelled', async () => {
    const { con } = database;
    const { author, reader, post } = await createCommunity(con);
    const data = { postId: post.id, userId: reader.id };
    await votePost(con, post.id, reader.id, 1);
    await expectSuccessfulTypedBackground(upvoted, data);
    await votePost(con, post.id, reader.id, 0);
    await expectSuccessfulTypedBackground(canceled, data);
    await expectSuccessfulTypedBackground(canceled, data);
    expect(await reputationOf(con, author.id)).toBe(10);
  });

  it('is right when the cancellation arrives before the upvote', async () => {
    const { con } = database;
    const { author, reader, post } = await createCommunity(con);
    const data = { postId: post.id, userId: reader.id };
    await votePost(con, post.id, reader.id, 0);
    await expectSuccessfulTypedBackground(canceled, data);
    await expectSuccessfulTypedBackground(upvoted, data);
    expect(await reputationOf(con, author.id)).toBe(10);
  });

  it('is right when an old cancellation arrives after a new upvote', async () => {
    const { con } = database;
    const { author, reader, post } = await createCommunity(con);
    const data = { postId: post.id, userId: reader.id };
    await votePost(con, post.id, reader.id, 1);
    await expectSuccessfulTypedBackground(upvoted, data);
    await expectSuccessfulTypedBackground(canceled, data);
    expect(await reputationOf(con, author.id)).toBe(20);
  });

  it('takes a downvote for a cancelled upvote', async () => {
    const { con } = database;
    const { author, reader, post } = await createCommunity(con);
    const data = { postId: post.id, userId: reader.id };
    await votePost(con, post.id, reader.id, 1);
    await expectSuccessfulTypedBackground(upvoted, data);
    await votePost(con, post.id, reader.id, -1);
    await expectSuccessfulTypedBackground(canceled, data);
    expect(await reputationOf(con, author.id)).toBe(10);
  });

  it('gets nothing from the author’s own vote', async () => {
    const { con } = database;
    const { author, post } = await createCommunity(con);
    await votePost(con, post.id, author.id, 1);
    await expectSuccessfulTypedBackground(upvoted, {
      postId: post.id,
      userId: author.id,
    });
    expect(await reputationOf(con, author.id)).toBe(10);
  });

  it('counts twenty people who vote at once, and upvotes racing their cancellations', async () => {
    const { con } = database;
    const { author, post } = await createCommunity(con);
    const voters = await Promise.all(
      Array.from({ length: 20 }, () => createUser(con)),
    );
    for (const [index, { id }] of voters.entries())
      await votePost(con, post.id, id, index % 2 === 0 ? 1 : 0);
    await Promise.all(
      voters.flatMap(({ id }) => {
        const data = { postId: post.id, userId: id };
        return [
          expectSuccessfulTypedBackground(upvoted, data),
          expectSuccessfulTypedBackground(canceled, data),
        ];
      }),
    );
    expect(await reputationOf(con, author.id)).toBe(10 + 10 * 10);
  });

  it('waits for a cancellation that is being committed, instead of granting over it', async () => {
    const { con } = database;
    const { author, reader, post } = await createCommunity(con);
    await votePost(con, post.id, reader.id, 1);
    const data = { postId: post.id, userId: reader.id };
    let handled: Promise<void> | undefined;
    await con.transaction(async (manager) => {
      await manager.update(PostVote, data, { vote: 0 });
      handled = expectSuccessfulTypedBackground(upvoted, data);
      await Promise.race([handled, waitsForLock(con)]);
    });
    await handled;
    expect(await reputationOf(con, author.id)).toBe(10);
  });

  it('ends right whatever people vote, in whichever order and however often the messages come', async () => {
    const { con } = database;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom<PostVote['vote']>(1, 0, -1), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.infiniteStream(fc.nat()),
        async (votes, random) => {
          const { author, reader, post } = await createCommunity(con);
          const data = { postId: post.id, userId: reader.id };
          const waiting: (() => Promise<void>)[] = [];
          const deliverOne = async () => {
            const [index] = random.take(1);
            await waiting.splice((index ?? 0) % waiting.length, 1)[0]?.();
          };
          let previous: PostVote['vote'] = 0;
          for (const vote of votes) {
            await votePost(con, post.id, reader.id, vote);
            const worker = vote === 1 ? upvoted : canceled;
            const deliver = () => expectSuccessfulTypedBackground(worker, data);
            if (vote !== previous && (vote === 1 || previous === 1))
              waiting.push(deliver, deliver);
            previous = vote;
            const [early] = random.take(1);
            if (waiting.length > 0 && (early ?? 0) % 2 === 0)
              await deliverOne();
          }
          while (waiting.length > 0) await deliverOne();
          expect(await reputationOf(con, author.id)).toBe(
            previous === 1 ? 20 : 10,
          );
        },
      ),
      { numRuns: 25 },
    );
  });

  it('stays when the post is gone: that is no error', async () => {
    const { con } = database;
    const { author, reader, post } = await createCommunity(con);
    await con.getRepository(Post).delete({ id: post.id });
    const data = { postId: post.id, userId: reader.id };
    await expectSuccessfulTypedBackground(upvoted, data);
    await expectSuccessfulTypedBackground(canceled, data);
    expect(await reputationOf(con, author.id)).toBe(10);
  });
});

describe('the reputation of a comment’s author', () => {
  it('follows the vote, in whichever order the messages come', async () => {
    const { con } = database;
    const { author, reader, comment } = await createCommunity(con);
    const data = { commentId: comment.id, userId: reader.id };
    await voteComment(con, comment.id, reader.id, 1);
    await expectSuccessfulTypedBackground(commentUpvoted, data);
    await expectSuccessfulTypedBackground(commentUpvoted, data);
    expect(await reputationOf(con, author.id)).toBe(20);
    await voteComment(con, comment.id, reader.id, 0);
    await expectSuccessfulTypedBackground(commentCanceled, data);
    await expectSuccessfulTypedBackground(commentUpvoted, data);
    expect(await reputationOf(con, author.id)).toBe(10);
  });

  it('stays when the comment never existed', async () => {
    const userId = (await createUser(database.con)).id;
    const data = { commentId: randomUUID(), userId };
    await expectSuccessfulTypedBackground(commentUpvoted, data);
    await expectSuccessfulTypedBackground(commentCanceled, data);
    expect(await reputationOf(database.con, userId)).toBe(10);
  });
});
