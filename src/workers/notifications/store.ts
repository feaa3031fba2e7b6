import { type EntityManager, In } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { NotificationV2, User, UserNotification } from '../../entity/index.ts';
import { currentCause } from '../../events/context.ts';
import { buildNotification } from './builders.ts';
import type { Notification } from './notification.ts';

/** The id of a notification, stored now or before: the same one may come again. */
const notificationId = async (
  manager: EntityManager,
  notification: Notification,
): Promise<string> => {
  const content = buildNotification(notification);
  await manager
    .createQueryBuilder()
    .insert()
    .into(NotificationV2)
    .values({
      id: uuidv7(),
      type: notification.type,
      ...content,
      cause: currentCause()?.id ?? null,
    })
    .orIgnore()
    .execute();
  const { id } = await manager.findOneOrFail(NotificationV2, {
    select: { id: true },
    where: {
      type: notification.type,
      referenceId: content.referenceId,
      uniqueKey: content.uniqueKey,
    },
  });
  return id;
};

/** Recipients that exist, in an order that keeps two runs from locking each other. */
const recipients = async (
  manager: EntityManager,
  userIds: readonly string[],
): Promise<string[]> => {
  const users = await manager.find(User, {
    select: { id: true },
    where: { id: In([...new Set(userIds)]) },
    order: { id: 'asc' },
  });
  return users.map(({ id }) => id);
};

/**
 * Stores notifications, once per recipient however often they come. Mail, push and the open page
 * follow from the rows of `user_notification`.
 */
export const storeNotifications = async (
  manager: EntityManager,
  notifications: readonly Notification[],
): Promise<void> => {
  for (const notification of notifications) {
    const userIds = await recipients(manager, notification.ctx.userIds);
    if (userIds.length === 0) continue;
    const id = await notificationId(manager, notification);
    await manager
      .createQueryBuilder()
      .insert()
      .into(UserNotification)
      .values(userIds.map((userId) => ({ notificationId: id, userId })))
      .orIgnore()
      .execute();
  }
};
