import { triggerTypedEvent } from '../common/typedPubsub.ts';
import type { UserNotification } from '../entity/index.ts';
import { rowChangeOf } from './cdc/message.ts';
import type { RowOf } from './cdc/row.ts';
import type { Worker } from './worker.ts';

/** A notification that a person can see is new, whoever wrote its row: tell them. */
const worker: Worker = {
  subscription: 'api.cdc-notifications',
  handler: async (message, con, logger) => {
    const change = rowChangeOf<RowOf<UserNotification>>(message);
    if (change?.op !== 'c' || !change.after.public) return;
    const { notification_id: notificationId, user_id: userId } = change.after;
    await triggerTypedEvent(
      logger,
      'api.v1.new-notification',
      { notificationId, userId },
      { manager: con.manager },
    );
  },
};

export default worker;
