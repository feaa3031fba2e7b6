import { Comment, User } from '../entity/index.ts';
import type { TypedNotificationWorker } from './notifications/worker.ts';

const worker: TypedNotificationWorker<'comment-commented'> = {
  subscription: 'api.comment-reply-notification',
  handler: async ({ commentId, parentCommentId, userId }, con) => {
    const [reply, parent, author] = await Promise.all([
      con.getRepository(Comment).findOneBy({ id: commentId }),
      con.getRepository(Comment).findOneBy({ id: parentCommentId }),
      con.getRepository(User).findOneBy({ id: userId }),
    ]);
    if (!reply || !parent || !author || parent.userId === userId) return;
    return [
      {
        type: 'comment_reply',
        ctx: { userIds: [parent.userId], postId: reply.postId, reply, author },
      },
    ];
  },
};

export default worker;
