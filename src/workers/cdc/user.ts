import { triggerTypedEvent } from '../../common/typedPubsub.ts';
import type { User } from '../../entity/index.ts';
import { changedColumns, type ChangeHandler, isChanged } from './handler.ts';
import type { RowOf } from './row.ts';

/**
 * A new row is `user-created`, a changed one `user-updated`; whatever concerns the person's contact outside,
 * their end included, is `contact-changed`.
 */
export const userChanged: ChangeHandler<RowOf<User>> = async (
  change,
  con,
  logger,
) => {
  const userId = (change.after ?? change.before).id;
  const options = { manager: con.manager, orderingKey: userId };
  if (change.op === 'c')
    await triggerTypedEvent(logger, 'user-created', { userId }, options);
  if (change.op === 'u') {
    const changed = changedColumns(change);
    if (changed.length > 0)
      await triggerTypedEvent(
        logger,
        'user-updated',
        { userId, changed },
        options,
      );
  }
  if (isChanged(change, 'email', 'name', 'username', 'timezone'))
    await triggerTypedEvent(logger, 'contact-changed', { userId }, options);
};
