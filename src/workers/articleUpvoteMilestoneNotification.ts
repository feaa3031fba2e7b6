import { Post } from '../entity/index.ts';
import type { TypedNotificationWorker } from './notifications/worker.ts';

/** 1, 5, 10, 20, 50, 100, then 500, 1,000, 5,000, 10,000 … */
const milestones = [
  1, 5, 10, 20, 50, 100, 500, 1_000, 5_000, 10_000, 50_000, 100_000, 500_000,
  1_000_000,
];

const worker: TypedNotificationWorker<'post-upvoted'> = {
  subscription: 'api.article-upvote-milestone-notification',
  handler: async ({ postId, userId }, con) => {
    const post = await con.getRepository(Post).findOneBy({ id: postId });
    if (!post || post.authorId === userId) return;
    // The highest one reached, not an exact hit: upvotes that commit together skip numbers.
    const upvotes = milestones.findLast(
      (milestone) => milestone <= post.upvotes,
    );
    if (upvotes === undefined) return;
    return [
      {
        type: 'article_upvote_milestone',
        ctx: { userIds: [post.authorId], post, upvotes },
      },
    ];
  },
};

export default worker;
