import { SourceFollower } from '../../entity/index.ts';
import { requireViewer } from '../caller.ts';
import { type ApiContext, mutate } from '../context.ts';
import { idSchema, parseInput } from '../input.ts';

interface Arguments {
  readonly id: string;
}

export const followMutations = {
  followSource: async (
    _: unknown,
    args: Arguments,
    context: ApiContext,
  ): Promise<boolean> => {
    const userId = requireViewer(context.caller);
    const { id: sourceId } = parseInput(idSchema, args);
    return mutate(context, async (manager) => {
      await manager
        .createQueryBuilder()
        .insert()
        .into(SourceFollower)
        .values({ sourceId, userId })
        .orIgnore()
        .updateEntity(false)
        .execute();
      return true;
    });
  },

  unfollowSource: async (
    _: unknown,
    args: Arguments,
    context: ApiContext,
  ): Promise<boolean> => {
    const userId = requireViewer(context.caller);
    const { id: sourceId } = parseInput(idSchema, args);
    return mutate(context, async (manager) => {
      const { affected } = await manager.delete(SourceFollower, {
        sourceId,
        userId,
      });
      return Boolean(affected);
    });
  },
};
