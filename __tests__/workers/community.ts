import { randomUUID } from 'node:crypto';

import type { DataSource } from 'typeorm';

import {
  Comment,
  CommentVote,
  Post,
  PostVote,
  Source,
  User,
} from '../../src/entity/index.ts';
import { saveFixtures } from '../helpers.ts';

const one = async <Row>(rows: Promise<Row[]>): Promise<Row> => {
  const [row] = await rows;
  if (!row) throw new Error('expected one saved row, got none');
  return row;
};

/** A person with a name of their own. */
export const createUser = (
  con: DataSource,
  row: Partial<User> = {},
): Promise<User> => {
  const username = randomUUID();
  const email = `${username}@example.com`;
  return one(
    saveFixtures<User>(con, User, [{ username, name: 'Ada', email, ...row }]),
  );
};

/** A comment on a post, or a reply to another comment. */
export const createComment = (
  con: DataSource,
  row: Pick<Comment, 'postId' | 'userId'> & Partial<Comment>,
): Promise<Comment> =>
  one(saveFixtures<Comment>(con, Comment, [{ content: 'Indeed.', ...row }]));

/** Two people, and a post with a comment, both by the author. */
export const createCommunity = async (
  con: DataSource,
): Promise<{
  readonly author: User;
  readonly reader: User;
  readonly post: Post;
  readonly comment: Comment;
}> => {
  const author = await createUser(con, { name: 'Ada' });
  const reader = await createUser(con, { name: 'Grace' });
  const source = await one(
    saveFixtures(con, Source, [{ handle: randomUUID(), name: 'A source' }]),
  );
  const post = await one(
    saveFixtures(con, Post, [
      {
        sourceId: source.id,
        authorId: author.id,
        title: 'On engines',
        content: 'They compute.',
      },
    ]),
  );
  const comment = await createComment(con, {
    postId: post.id,
    userId: author.id,
  });
  return { author, reader, post, comment };
};

/** Sets a vote, and the counter as the API keeps it. */
export const votePost = async (
  con: DataSource,
  postId: string,
  userId: string,
  vote: PostVote['vote'],
): Promise<void> => {
  await con
    .getRepository(PostVote)
    .save({ postId, userId, vote, votedAt: new Date() });
  const upvotes = await con
    .getRepository(PostVote)
    .countBy({ postId, vote: 1 });
  await con.getRepository(Post).update({ id: postId }, { upvotes });
};

export const voteComment = async (
  con: DataSource,
  commentId: string,
  userId: string,
  vote: CommentVote['vote'],
): Promise<void> => {
  await con
    .getRepository(CommentVote)
    .save({ commentId, userId, vote, votedAt: new Date() });
};

/** A person's reputation as it is stored now. */
export const reputationOf = async (
  con: DataSource,
  userId: string,
): Promise<number> => {
  const user = await con.getRepository(User).findOneByOrFail({ id: userId });
  return user.reputation;
};

/** Resolves when a connection of this database waits for a row that another one has locked. */
export const waitsForLock = async (con: DataSource): Promise<void> => {
  for (let polls = 0; polls < 10_000; polls += 1) {
    const [row] = await con.query<{ waiting: boolean }[]>(
      `select count(*) > 0 as waiting from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (row?.waiting) return;
  }
  throw new Error('expected a connection to wait for a lock, none did');
};
