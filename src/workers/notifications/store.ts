import type { EntityManager } from 'typeorm';

import { storeNotification } from '../../notifications/store.ts';
import { buildNotification } from './builders.ts';
import type { Notification } from './notification.ts';

/** Stores notifications, once per recipient however often they come. */
export const storeNotifications = async (
  manager: EntityManager,
  notifications: readonly Notification[],
): Promise<void> => {
  for (const notification of notifications)
    await storeNotification(
      manager,
      { type: notification.type, ...buildNotification(notification) },
      notification.ctx.userIds,
    );
};
