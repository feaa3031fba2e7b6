import { UserNotification } from '../entity/index.ts';
import type { TypedWorker } from './worker.ts';

/** The channel that the API listens on. Its payload is `{ notificationId, userId }` as JSON. */
export const newNotificationChannel = 'new_notification';

const worker: TypedWorker<'api.v1.new-notification'> = {
  subscription: 'api.new-notification-real-time',
  transactional: true,
  handler: async ({ data: { notificationId, userId } }, con) => {
    const where = { notificationId, userId };
    if (!(await con.existsBy(UserNotification, where))) return;
    await con.query('select pg_notify($1, $2)', [
      newNotificationChannel,
      JSON.stringify(where),
    ]);
  },
};

export default worker;
