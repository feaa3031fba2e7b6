import { Comment, Post, User } from '../entity/index.ts';
import type { TypedNotificationWorker } from './notifications/worker.ts';

/** Tells the author of a post of a comment on it; of a reply its own event tells whom it answers. */
const worker: TypedNotificationWorker<'comment-created'> = {
  subscription: 'api.article-comment-notification',
  handler: async ({ commentId }, con) => {
    const comment = await con
      .getRepository(Comment)
      .findOneBy({ id: commentId });
    if (!comment || comment.parentId !== null) return;
    const [post, author] = await Promise.all([
      con.getRepository(Post).findOneBy({ id: comment.postId }),
      con.getRepository(User).findOneBy({ id: comment.userId }),
    ]);
    if (!post || !author || post.authorId === author.id) return;
    return [
      {
        type: 'article_new_comment',
        ctx: { userIds: [post.authorId], post, comment, author },
      },
    ];
  },
};

export default worker;
