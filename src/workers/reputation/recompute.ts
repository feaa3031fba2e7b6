import type { EntityManager } from 'typeorm';

import { ReputationEvent, User } from '../../entity/index.ts';

/** What an upvote gives to the author of a post or comment. */
export const upvoteReputation = 10;

/** Whose vote on whose content. */
export interface UpvoteTarget {
  readonly targetType: ReputationEvent['targetType'];
  readonly targetId: string;
  readonly authorId: string;
  readonly voterId: string;
}

const change = async (
  manager: EntityManager,
  userId: string,
  amount: number,
): Promise<void> => {
  await manager.increment(User, { id: userId }, 'reputation', amount);
};

const grant = async (
  manager: EntityManager,
  { targetType, targetId, authorId, voterId }: UpvoteTarget,
): Promise<void> => {
  const granted = await manager
    .createQueryBuilder()
    .insert()
    .into(ReputationEvent)
    .values({
      grantToId: authorId,
      grantById: voterId,
      targetType,
      targetId,
      reason: 'upvote',
      amount: upvoteReputation,
    })
    .orIgnore()
    .returning('amount')
    .execute();
  const rows = granted.raw as unknown[];
  if (rows.length > 0) await change(manager, authorId, upvoteReputation);
};

const revoke = async (
  manager: EntityManager,
  { targetType, targetId, authorId, voterId }: UpvoteTarget,
): Promise<void> => {
  const revoked = await manager
    .createQueryBuilder()
    .delete()
    .from(ReputationEvent)
    .where({
      grantToId: authorId,
      grantById: voterId,
      targetType,
      targetId,
      reason: 'upvote',
    })
    .returning('amount')
    .execute();
  const rows = revoked.raw as { amount: number }[];
  // What was given is taken, whatever an upvote gives today.
  for (const { amount } of rows) await change(manager, authorId, -amount);
};

/**
 * Makes an author's reputation agree with one vote as it stands now. The caller holds the lock on
 * the vote row, so that of an upvote and its cancellation, in whichever order or at once they
 * arrive, the later run sees the final vote. Own votes give nothing.
 */
export const recomputeUpvoteReputation = (
  manager: EntityManager,
  target: UpvoteTarget,
  vote: number,
): Promise<void> =>
  vote === 1 && target.voterId !== target.authorId
    ? grant(manager, target)
    : revoke(manager, target);
