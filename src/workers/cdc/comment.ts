import { triggerTypedEvent } from '../../common/typedPubsub.ts';
import type { Comment } from '../../entity/index.ts';
import { type ChangeHandler, isChanged } from './handler.ts';
import type { RowOf } from './row.ts';

/**
 * A new row is `comment-created`; a new row, or one whose markdown changed, is `comment-changed`: its HTML
 * follows from that event.
 */
export const commentChanged: ChangeHandler<RowOf<Comment>> = async (
  change,
  con,
  logger,
) => {
  if (change.op === 'd') return;
  const commentId = change.after.id;
  const options = { manager: con.manager, orderingKey: commentId };
  if (change.op === 'c')
    await triggerTypedEvent(logger, 'comment-created', { commentId }, options);
  if (isChanged(change, 'content'))
    await triggerTypedEvent(logger, 'comment-changed', { commentId }, options);
};
