import { triggerTypedEvent } from '../../common/typedPubsub.ts';
import type { User } from '../../entity/index.ts';
import { changedColumns, type ChangeHandler } from './handler.ts';
import type { RowOf } from './row.ts';

/** A new row is `user-created`, a changed one `user-updated`; a deleted one has no effects yet. */
export const userChanged: ChangeHandler<RowOf<User>> = async (
  { op, before, after },
  con,
  logger,
) => {
  if (op === 'd') return;
  const userId = after.id;
  const options = { manager: con.manager, orderingKey: userId };
  if (op === 'c') {
    await triggerTypedEvent(logger, 'user-created', { userId }, options);
    return;
  }
  const changed = changedColumns(before, after);
  if (changed.length === 0) return;
  await triggerTypedEvent(logger, 'user-updated', { userId, changed }, options);
};
