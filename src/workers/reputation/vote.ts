import type { EntityManager } from 'typeorm';

import { Comment, CommentVote, Post, PostVote } from '../../entity/index.ts';
import { recomputeUpvoteReputation } from './recompute.ts';

const locked = { mode: 'for_no_key_update' } as const;

/** Recomputes what the author of a post has from one person's vote. A post that is gone changes nothing. */
export const recomputePostVote = async (
  manager: EntityManager,
  { postId, userId }: { readonly postId: string; readonly userId: string },
): Promise<void> => {
  const post = await manager.findOne(Post, {
    select: { id: true, authorId: true },
    where: { id: postId },
  });
  if (!post) return;
  const row = await manager.findOne(PostVote, {
    where: { postId, userId },
    lock: locked,
  });
  await recomputeUpvoteReputation(
    manager,
    {
      targetType: 'post',
      targetId: postId,
      authorId: post.authorId,
      voterId: userId,
    },
    row?.vote ?? 0,
  );
};

/** Recomputes what the author of a comment has from one person's vote. A comment that is gone changes nothing. */
export const recomputeCommentVote = async (
  manager: EntityManager,
  {
    commentId,
    userId,
  }: { readonly commentId: string; readonly userId: string },
): Promise<void> => {
  const comment = await manager.findOne(Comment, {
    select: { id: true, userId: true },
    where: { id: commentId },
  });
  if (!comment) return;
  const row = await manager.findOne(CommentVote, {
    where: { commentId, userId },
    lock: locked,
  });
  await recomputeUpvoteReputation(
    manager,
    {
      targetType: 'comment',
      targetId: commentId,
      authorId: comment.userId,
      voterId: userId,
    },
    row?.vote ?? 0,
  );
};
