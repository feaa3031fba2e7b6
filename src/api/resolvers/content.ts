import type { EntityTarget, FindOptionsWhere, ObjectLiteral } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { triggerTypedEvent } from '../../common/typedPubsub.ts';
import { Comment, Post, Source } from '../../entity/index.ts';
import { requireGateway, requireViewer } from '../caller.ts';
import { type ApiContext, mutate } from '../context.ts';
import { ApiError, notFound } from '../errors.ts';
import {
  commentPageSchema,
  idSchema,
  newCommentSchema,
  newPostSchema,
  newSourceSchema,
  pageSchema,
  parseInput,
} from '../input.ts';
import { type PageArguments, pageOf, read } from '../pages.ts';

/** Makes the resolver of a field that finds something by its id. */
export const byId =
  <Found extends ObjectLiteral & { id: string }>(
    what: string,
    entity: EntityTarget<Found>,
  ) =>
  async (
    _: unknown,
    args: { readonly id: string },
    { con }: ApiContext,
  ): Promise<Found> => {
    const { id } = parseInput(idSchema, args);
    const found = await read(() =>
      con.getRepository(entity).findOneBy({ id } as FindOptionsWhere<Found>),
    );
    if (!found) throw notFound(what, id);
    return found;
  };

export const contentQueries = {
  source: byId('source', Source),
  post: byId('post', Post),
  comment: byId('comment', Comment),

  posts: (_: unknown, args: PageArguments, context: ApiContext) =>
    pageOf(context, Post, parseInput(pageSchema, args), 'newest'),

  comments: (
    _: unknown,
    args: PageArguments & { readonly postId: string },
    context: ApiContext,
  ) => {
    const { postId, ...page } = parseInput(commentPageSchema, args);
    return pageOf(context, Comment, page, 'oldest', {
      condition: 'postId = :postId',
      parameters: { postId },
    });
  },
};

interface Input {
  readonly input: unknown;
}

/** A parent has to be a comment of the same post. */
const requireParent = (
  parent: Pick<Comment, 'postId'> | null,
  postId: string,
  parentId: string,
) => {
  if (!parent) throw notFound('comment', parentId);
  if (parent.postId !== postId)
    throw new ApiError(
      'INVALID_INPUT',
      `expected parentId to be a comment of the post ${postId}, got one of another post: ${parentId}`,
      { postId, parentId },
    );
};

export const contentMutations = {
  createSource: async (
    _: unknown,
    { input }: Input,
    context: ApiContext,
  ): Promise<Source> => {
    requireGateway(context.caller);
    const source = parseInput(newSourceSchema, input);
    return mutate(context, (manager) =>
      manager.save(manager.create(Source, { id: uuidv7(), ...source })),
    );
  },

  createPost: async (
    _: unknown,
    { input }: Input,
    context: ApiContext,
  ): Promise<Post> => {
    const authorId = requireViewer(context.caller);
    const post = parseInput(newPostSchema, input);
    return mutate(context, (manager) =>
      manager.save(manager.create(Post, { id: uuidv7(), authorId, ...post })),
    );
  },

  /** The post's row is locked first, so that its comments are counted one after another. */
  createComment: async (
    _: unknown,
    { input }: Input,
    context: ApiContext,
  ): Promise<Comment> => {
    const userId = requireViewer(context.caller);
    const { postId, content, ...rest } = parseInput(newCommentSchema, input);
    const parentId = rest.parentId ?? null;
    return mutate(context, async (manager) => {
      const locked: unknown[] = await manager.query(
        'select id from post where id = $1 for no key update',
        [postId],
      );
      if (locked.length === 0) throw notFound('post', postId);
      if (parentId !== null)
        requireParent(
          await manager.findOneBy(Comment, { id: parentId }),
          postId,
          parentId,
        );
      const comment = await manager.save(
        manager.create(Comment, {
          id: uuidv7(),
          postId,
          userId,
          parentId,
          content,
        }),
      );
      await manager.query(
        `update post set comments = (select count(*) from comment where post_id = $1) where id = $1`,
        [postId],
      );
      if (parentId !== null)
        await triggerTypedEvent(
          context.logger,
          'comment-commented',
          {
            commentId: comment.id,
            parentCommentId: parentId,
            postId,
            userId,
          },
          { manager },
        );
      return comment;
    });
  },
};
