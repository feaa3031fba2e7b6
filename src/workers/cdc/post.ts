import { triggerTypedEvent } from '../../common/typedPubsub.ts';
import type { Post } from '../../entity/index.ts';
import { changedColumns, type ChangeHandler } from './handler.ts';
import type { RowOf } from './row.ts';

/** A changed row is `post-updated`; a new or deleted one has no effects yet. */
export const postChanged: ChangeHandler<RowOf<Post>> = async (
  { op, before, after },
  con,
  logger,
) => {
  if (op !== 'u') return;
  const changed = changedColumns(before, after);
  if (changed.length === 0) return;
  await triggerTypedEvent(
    logger,
    'post-updated',
    { postId: after.id, changed },
    { manager: con.manager, orderingKey: after.id },
  );
};
