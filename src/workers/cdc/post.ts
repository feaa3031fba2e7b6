import { triggerTypedEvent } from '../../common/typedPubsub.ts';
import type { Post } from '../../entity/index.ts';
import { changedColumns, type ChangeHandler, isChanged } from './handler.ts';
import type { RowOf } from './row.ts';

/**
 * A new row is `post-created`, a changed one `post-updated`; one with another title or text is
 * `post-text-changed`. What is known of a deleted post goes with its row.
 */
export const postChanged: ChangeHandler<RowOf<Post>> = async (
  change,
  con,
  logger,
) => {
  if (change.op === 'd') return;
  const postId = change.after.id;
  const options = { manager: con.manager, orderingKey: postId };
  if (change.op === 'c') {
    await triggerTypedEvent(logger, 'post-created', { postId }, options);
  } else {
    const changed = changedColumns(change);
    if (changed.length > 0)
      await triggerTypedEvent(
        logger,
        'post-updated',
        { postId, changed },
        options,
      );
  }
  if (isChanged(change, 'title', 'content'))
    await triggerTypedEvent(logger, 'post-text-changed', { postId }, options);
};
