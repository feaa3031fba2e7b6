import { Comment } from '../entity/index.ts';
import { markdownToHtml } from './content/markdown.ts';
import type { TypedWorker } from './worker.ts';

const worker: TypedWorker<'comment-changed'> = {
  subscription: 'api.comment-markdown',
  transactional: true,
  handler: async ({ data: { commentId } }, con) => {
    // Locked, so that of two runs the one that reads the newer text also writes last.
    const comment = await con.findOne(Comment, {
      where: { id: commentId },
      lock: { mode: 'for_no_key_update' },
    });
    if (!comment) return;
    const contentHtml = markdownToHtml(comment.content);
    if (contentHtml === comment.contentHtml) return;
    await con.update(
      Comment,
      { id: commentId },
      // Nobody edited the comment.
      { contentHtml, updatedAt: () => 'updated_at' },
    );
  },
};

export default worker;
