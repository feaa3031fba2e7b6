import { triggerTypedEvent } from '../../common/typedPubsub.ts';
import { requireGateway } from '../caller.ts';
import type { ApiContext } from '../context.ts';
import { idSchema, parseInput } from '../input.ts';

export const viewMutations = {
  /** Asks nothing of the database: views are many, and one of a post that is not there harms nobody. */
  viewPost: async (
    _: unknown,
    args: { readonly id: string },
    { caller, logger }: ApiContext,
  ): Promise<boolean> => {
    const { id: postId } = parseInput(idSchema, args);
    const { viewerId: userId } = requireGateway(caller);
    await triggerTypedEvent(logger, 'post-viewed', {
      postId,
      ...(userId !== undefined && { userId }),
    });
    return true;
  },
};
