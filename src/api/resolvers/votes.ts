import type { EntityManager } from 'typeorm';

import { triggerTypedEvent } from '../../common/typedPubsub.ts';
import { Comment, Post, type VoteValue } from '../../entity/index.ts';
import type { Logger } from '../../logger.ts';
import { requireViewer } from '../caller.ts';
import { type ApiContext, mutate } from '../context.ts';
import { notFound } from '../errors.ts';
import { idSchema, parseInput } from '../input.ts';

const votes = { UP: 1, NONE: 0, DOWN: -1 } as const satisfies Record<
  string,
  VoteValue
>;

interface VoteArguments {
  readonly id: string;
  readonly vote: keyof typeof votes;
}

type Triggered = (
  logger: Logger,
  id: string,
  userId: string,
  manager: EntityManager,
) => Promise<string>;

/** What differs between voting on a post and on a comment. */
interface Votable<Content> {
  readonly name: string;
  readonly entity: new () => Content;
  readonly lock: string;
  readonly read: string;
  readonly save: string;
  readonly recount: string;
  readonly upvoted: Triggered;
  readonly canceled: Triggered;
}

const votable = <Content>(
  name: 'post' | 'comment',
  entity: new () => Content,
  upvoted: Triggered,
  canceled: Triggered,
): Votable<Content> => ({
  name,
  entity,
  upvoted,
  canceled,
  lock: `select id from ${name} where id = $1 for no key update`,
  read: `select vote from ${name}_vote where ${name}_id = $1 and user_id = $2`,
  save: `
    insert into ${name}_vote (${name}_id, user_id, vote, voted_at)
    values ($1, $2, $3, now())
    on conflict (${name}_id, user_id)
    do update set vote = excluded.vote, voted_at = excluded.voted_at`,
  recount: `
    update ${name}
    set upvotes = (select count(*) from ${name}_vote where ${name}_id = $1 and vote = 1)
    where id = $1`,
});

const post = votable(
  'post',
  Post,
  (logger, postId, userId, manager) =>
    triggerTypedEvent(logger, 'post-upvoted', { postId, userId }, { manager }),
  (logger, postId, userId, manager) =>
    triggerTypedEvent(
      logger,
      'post-upvote-canceled',
      { postId, userId },
      { manager },
    ),
);

const comment = votable(
  'comment',
  Comment,
  (logger, commentId, userId, manager) =>
    triggerTypedEvent(
      logger,
      'comment-upvoted',
      { commentId, userId },
      { manager },
    ),
  (logger, commentId, userId, manager) =>
    triggerTypedEvent(
      logger,
      'comment-upvote-canceled',
      { commentId, userId },
      { manager },
    ),
);

/**
 * The row of the content is locked first, so that votes on it are counted one after another; then
 * the vote. An unchanged vote writes nothing and triggers nothing.
 */
const cast =
  <Content extends Post | Comment>(target: Votable<Content>) =>
  (_: unknown, args: VoteArguments, context: ApiContext): Promise<Content> => {
    const { id } = parseInput(idSchema, { id: args.id });
    const vote = votes[args.vote];
    const userId = requireViewer(context.caller);
    return mutate(context, async (manager) => {
      const locked: unknown[] = await manager.query(target.lock, [id]);
      if (locked.length === 0) throw notFound(target.name, id);
      const [before]: { vote: VoteValue }[] = await manager.query(target.read, [
        id,
        userId,
      ]);
      const previous = before?.vote ?? 0;
      if (previous !== vote) {
        await manager.query(target.save, [id, userId, vote]);
        await manager.query(target.recount, [id]);
        if (vote === 1)
          await target.upvoted(context.logger, id, userId, manager);
        if (previous === 1)
          await target.canceled(context.logger, id, userId, manager);
      }
      return manager
        .getRepository<Content>(target.entity)
        .createQueryBuilder('content')
        .where('content.id = :id', { id })
        .getOneOrFail();
    });
  };

export const voteMutations = {
  votePost: cast(post),
  voteComment: cast(comment),
};
