import { triggerTypedEvent } from '../../common/typedPubsub.ts';
import type { Comment } from '../../entity/index.ts';
import { changedColumns, type ChangeHandler } from './handler.ts';
import type { RowOf } from './row.ts';

/** A new row, or one whose markdown changed, is `comment-changed`. Its HTML follows from that event. */
export const commentChanged: ChangeHandler<RowOf<Comment>> = async (
  { op, before, after },
  con,
  logger,
) => {
  if (op === 'd') return;
  if (!changedColumns(before, after).includes('content')) return;
  await triggerTypedEvent(
    logger,
    'comment-changed',
    { commentId: after.id },
    { manager: con.manager, orderingKey: after.id },
  );
};
