import { randomUUID } from 'node:crypto';

import {
  NotificationV2,
  Post,
  SourceFollower,
  UserNotification,
} from '../../src/entity/index.ts';
import { typedWorkers } from '../../src/workers/index.ts';
import { buildNotification } from '../../src/workers/notifications/builders.ts';
import { storeNotifications } from '../../src/workers/notifications/store.ts';
import {
  expectSuccessfulTypedBackground,
  useTestDatabase,
} from '../helpers.ts';
import {
  createComment,
  createCommunity,
  createUser,
  votePost,
} from './community.ts';

const database = useTestDatabase();

const milestone = typedWorkers['api.article-upvote-milestone-notification'];
const reply = typedWorkers['api.comment-reply-notification'];

const notificationsOf = async (userId: string): Promise<NotificationV2[]> => {
  const { con } = database;
  const received = await con.getRepository(UserNotification).findBy({ userId });
  const found = await Promise.all(
    received.map(({ notificationId }) =>
      con.getRepository(NotificationV2).findOneByOrFail({ id: notificationId }),
    ),
  );
  return found.sort((one, other) => (one.id < other.id ? -1 : 1));
};

const setUpvotes = (id: string, upvotes: number) =>
  database.con.getRepository(Post).update({ id }, { upvotes });

describe('api.article-upvote-milestone-notification', () => {
  it('tells the author about the first upvote, once', async () => {
    const { con } = database;
    const { author, reader, post } = await createCommunity(con);
    await votePost(con, post.id, reader.id, 1);
    const data = { postId: post.id, userId: reader.id };
    await expectSuccessfulTypedBackground(milestone, data);
    await expectSuccessfulTypedBackground(milestone, data);
    expect(await notificationsOf(author.id)).toEqual([
      expect.objectContaining({
        type: 'article_upvote_milestone',
        referenceId: post.id,
        uniqueKey: '1',
        title: 'Your post got its first upvote',
        targetUrl: `/posts/${post.id}`,
      }),
    ]);
  });

  it('tells about a milestone that several upvotes jumped over', async () => {
    const { author, reader, post } = await createCommunity(database.con);
    await setUpvotes(post.id, 12);
    const data = { postId: post.id, userId: reader.id };
    await expectSuccessfulTypedBackground(milestone, data);
    await setUpvotes(post.id, 19);
    await expectSuccessfulTypedBackground(milestone, data);
    await setUpvotes(post.id, 1_000);
    await expectSuccessfulTypedBackground(milestone, data);
    expect(
      (await notificationsOf(author.id)).map(({ uniqueKey }) => uniqueKey),
    ).toEqual(['10', '1000']);
  });

  it('does not tell again when a milestone is lost and reached again', async () => {
    const { author, reader, post } = await createCommunity(database.con);
    const data = { postId: post.id, userId: reader.id };
    for (const upvotes of [5, 4, 5]) {
      await setUpvotes(post.id, upvotes);
      await expectSuccessfulTypedBackground(milestone, data);
    }
    const keys = (await notificationsOf(author.id)).map(
      ({ uniqueKey }) => uniqueKey,
    );
    expect(keys.filter((key) => key === '5')).toHaveLength(1);
  });

  it('is silent about the author’s own upvote', async () => {
    const { con } = database;
    const { author, post } = await createCommunity(con);
    await votePost(con, post.id, author.id, 1);
    const data = { postId: post.id, userId: author.id };
    await expectSuccessfulTypedBackground(milestone, data);
    expect(await notificationsOf(author.id)).toEqual([]);
  });

  it('is silent about a post that is gone', async () => {
    const { author, reader, post } = await createCommunity(database.con);
    await database.con.getRepository(Post).delete({ id: post.id });
    const data = { postId: post.id, userId: reader.id };
    await expectSuccessfulTypedBackground(milestone, data);
    expect(await notificationsOf(author.id)).toEqual([]);
  });

  it('tells once when the same message is handled twice at the same time', async () => {
    const { con } = database;
    const { author, reader, post } = await createCommunity(con);
    await votePost(con, post.id, reader.id, 1);
    const data = { postId: post.id, userId: reader.id };
    await Promise.all(
      Array.from({ length: 5 }, () =>
        expectSuccessfulTypedBackground(milestone, data),
      ),
    );
    expect(await notificationsOf(author.id)).toHaveLength(1);
  });
});

describe('api.comment-reply-notification', () => {
  const replyTo = async (by: 'reader' | 'author') => {
    const { con } = database;
    const community = await createCommunity(con);
    const { post, comment } = community;
    const userId = community[by].id;
    const answer = await createComment(con, {
      postId: post.id,
      userId,
      parentId: comment.id,
      content: 'They do.',
    });
    const data = {
      commentId: answer.id,
      parentCommentId: comment.id,
      postId: post.id,
      userId,
    };
    return { ...community, answer, data };
  };

  it('tells the author of the comment who replied, once', async () => {
    const { author, reader, post, answer, data } = await replyTo('reader');
    await expectSuccessfulTypedBackground(reply, data);
    await expectSuccessfulTypedBackground(reply, data);
    expect(await notificationsOf(author.id)).toEqual([
      expect.objectContaining({
        type: 'comment_reply',
        referenceId: answer.id,
        title: 'Grace replied to your comment',
        body: 'They do.',
        targetUrl: `/posts/${post.id}#comment-${answer.id}`,
      }),
    ]);
    expect(await notificationsOf(reader.id)).toEqual([]);
  });

  it('is silent when people reply to themselves', async () => {
    const { author, data } = await replyTo('author');
    await expectSuccessfulTypedBackground(reply, data);
    expect(await notificationsOf(author.id)).toEqual([]);
  });

  it('is silent about a reply that was deleted before anyone was told', async () => {
    const { author, answer, data } = await replyTo('reader');
    await database.con.query('delete from comment where id = $1', [answer.id]);
    await expectSuccessfulTypedBackground(reply, data);
    expect(await notificationsOf(author.id)).toEqual([]);
  });
});

describe('buildNotification', () => {
  it.each([
    ['of 200 characters whole', '🌒'.repeat(200), '🌒'.repeat(200)],
    ['of 201 cut, never inside one', '🌒'.repeat(201), `${'🌒'.repeat(199)}…`],
    ['of 5,000 cut', 'a'.repeat(5_000), `${'a'.repeat(199)}…`],
  ])('shows a text %s', (_, content, expected) => {
    const { body } = buildNotification({
      type: 'comment_reply',
      ctx: {
        userIds: [],
        postId: '2',
        reply: { id: '1', content },
        author: { name: 'Grace' },
      },
    });
    expect(body).toBe(expected);
  });
});

describe('storeNotifications', () => {
  it('stores one notification for many people, each once, and skips people who are gone', async () => {
    const { con } = database;
    const { author, reader, post } = await createCommunity(con);
    const other = await createUser(con);
    const gone = await createUser(con);
    await con.query('delete from "user" where id = $1', [gone.id]);
    const store = (userIds: string[]) =>
      con.transaction((manager) =>
        storeNotifications(manager, [
          {
            type: 'article_upvote_milestone',
            ctx: { userIds, post, upvotes: 5 },
          },
        ]),
      );
    await store([author.id, reader.id, reader.id, gone.id]);
    await store([reader.id, other.id]);
    const stored = await con
      .getRepository(NotificationV2)
      .findBy({ referenceId: post.id });
    expect(stored).toHaveLength(1);
    expect(
      (
        await con
          .getRepository(UserNotification)
          .findBy({ notificationId: stored[0]?.id })
      )
        .map(({ userId }) => userId)
        .sort(),
    ).toEqual([author.id, reader.id, other.id].sort());
  });
});

describe('api.article-comment-notification', () => {
  const worker = typedWorkers['api.article-comment-notification'];

  it('tells the author of a post of a comment on it, once', async () => {
    const { con } = database;
    const { author, reader, post } = await createCommunity(con);
    const { id } = await createComment(con, {
      postId: post.id,
      userId: reader.id,
    });
    await expectSuccessfulTypedBackground(worker, { commentId: id });
    await expectSuccessfulTypedBackground(worker, { commentId: id });
    expect(await notificationsOf(author.id)).toEqual([
      expect.objectContaining({
        type: 'article_new_comment',
        referenceId: id,
        title: 'Grace commented on your post',
        body: 'Indeed.',
        targetUrl: `/posts/${post.id}#comment-${id}`,
      }),
    ]);
  });

  it('tells nobody of a reply, of one’s own comment and of one that is gone', async () => {
    const { con } = database;
    const { author, reader, post, comment } = await createCommunity(con);
    const { id: replyId } = await createComment(con, {
      postId: post.id,
      userId: reader.id,
      parentId: comment.id,
    });
    for (const commentId of [replyId, comment.id, randomUUID()])
      await expectSuccessfulTypedBackground(worker, { commentId });
    expect(await notificationsOf(author.id)).toEqual([]);
  });
});

describe('api.source-post-notification', () => {
  const worker = typedWorkers['api.source-post-notification'];

  it('tells those who follow the source of a new post, except its author', async () => {
    const { con } = database;
    const { author, reader, post } = await createCommunity(con);
    const stranger = await createUser(con);
    const follow = ({ id }: { readonly id: string }) => ({
      sourceId: post.sourceId,
      userId: id,
    });
    await con
      .getRepository(SourceFollower)
      .insert([follow(author), follow(reader)]);
    await expectSuccessfulTypedBackground(worker, { postId: post.id });
    await expectSuccessfulTypedBackground(worker, { postId: post.id });
    expect(await notificationsOf(reader.id)).toEqual([
      expect.objectContaining({
        type: 'source_post_added',
        referenceId: post.id,
        title: 'A new post in A source',
        body: 'On engines',
      }),
    ]);
    expect(await notificationsOf(author.id)).toEqual([]);
    expect(await notificationsOf(stranger.id)).toEqual([]);
  });

  it('tells nobody where nobody follows, and of a post that is gone', async () => {
    const { author, post } = await createCommunity(database.con);
    await expectSuccessfulTypedBackground(worker, { postId: post.id });
    await expectSuccessfulTypedBackground(worker, { postId: randomUUID() });
    expect(await notificationsOf(author.id)).toEqual([]);
  });
});
