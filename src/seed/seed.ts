import type { DataSource, EntityManager } from 'typeorm';

import { upvoteReputation } from '../workers/reputation/recompute.ts';
import { agree } from './agree.ts';
import { insertMissing, type SeededTable } from './insert.ts';
import {
  planDigests,
  planOpportunities,
  planPost,
  planSources,
  planUser,
  type SourceRow,
  type UserRow,
} from './plan.ts';

/** Rows of users, and posts with all that hangs on them, that one transaction holds. */
const usersAtOnce = 1_000;
const postsAtOnce = 50;

export interface SeedOptions {
  /** 1 to 100,000. */
  readonly users: number;
  /** 0 to 100,000. */
  readonly posts: number;
  /** Called after every transaction. */
  readonly onProgress?: (progress: {
    readonly users: number;
    readonly posts: number;
  }) => void;
}

export interface SeedReport {
  /** Rows inserted by table; those that were there are not counted. */
  readonly inserted: Readonly<Record<SeededTable, number>>;
  /** Counters and reputations that did not agree with the rows. */
  readonly corrected: number;
}

/**
 * Fills a database with sample data. Ids are fixed and each transaction leaves what is there alone,
 * so that a second run, also after a crash, only adds what is missing. Nothing is triggered: what
 * votes would have caused is written along with them.
 */
export const seed = async (
  con: DataSource,
  { users: userCount, posts: postCount, onProgress }: SeedOptions,
): Promise<SeedReport> => {
  const inserted: Record<SeededTable, number> = {
    user: 0,
    source: 0,
    opportunity: 0,
    digest_subscription: 0,
    post: 0,
    comment: 0,
    post_vote: 0,
    comment_vote: 0,
  };
  let corrected = 0;
  const insert = async (
    manager: EntityManager,
    table: SeededTable,
    rows: readonly object[],
  ) => {
    inserted[table] += await insertMissing(manager, table, rows);
  };

  const users = Array.from({ length: userCount }, (_, place) =>
    planUser(place),
  ) as [UserRow, ...UserRow[]];
  const sources = planSources() as [SourceRow, ...SourceRow[]];

  await con.transaction(async (manager) => {
    await insert(manager, 'source', sources);
    await insert(manager, 'opportunity', planOpportunities());
  });
  for (let done = 0; done < users.length; done += usersAtOnce) {
    const some = users.slice(done, done + usersAtOnce);
    await con.transaction(async (manager) => {
      await insert(manager, 'user', some);
      await insert(manager, 'digest_subscription', planDigests(some));
    });
    onProgress?.({ users: done + some.length, posts: 0 });
  }
  for (let done = 0; done < postCount; done += postsAtOnce) {
    const length = Math.min(postsAtOnce, postCount - done);
    const plans = Array.from({ length }, (_, place) =>
      planPost(done + place, users, sources),
    );
    await con.transaction(async (manager) => {
      await insert(
        manager,
        'post',
        plans.map(({ post }) => post),
      );
      await insert(
        manager,
        'comment',
        plans.flatMap(({ comments }) => comments),
      );
      await insert(
        manager,
        'post_vote',
        plans.flatMap(({ postVotes }) => postVotes),
      );
      await insert(
        manager,
        'comment_vote',
        plans.flatMap(({ commentVotes }) => commentVotes),
      );
      corrected += await agree(
        manager,
        plans.map(({ post }) => post.id),
        upvoteReputation,
      );
    });
    onProgress?.({ users: users.length, posts: done + length });
  }
  return { inserted, corrected };
};
