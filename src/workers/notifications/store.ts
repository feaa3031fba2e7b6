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
    .updateEntity(false)
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

/** Rows written in one statement. */
const batchSize = 1_000;

/** Of these people the ones that exist. */
const existing = async (
  manager: EntityManager,
  userIds: readonly string[],
): Promise<string[]> => {
  const users = await manager.find(User, {
    select: { id: true },
    where: { id: In(userIds) },
  });
  return users.map(({ id }) => id);
};

const storeNotification = async (
  manager: EntityManager,
  notification: Notification,
): Promise<void> => {
  // Sorted, so that two runs never wait for each other in a circle.
  const all = [...new Set(notification.ctx.userIds)].sort();
  let id: string | undefined;
  for (let start = 0; start < all.length; start += batchSize) {
    const batch = all.slice(start, start + batchSize);
    const userIds = await existing(manager, batch);
    if (userIds.length === 0) continue;
    id ??= await notificationId(manager, notification);
    const rows = userIds
      .sort()
      .map((userId) => ({ notificationId: id, userId }));
    await manager
      .createQueryBuilder()
      .insert()
      .into(UserNotification)
      .values(rows)
      .orIgnore()
      .updateEntity(false)
      .execute();
  }
};

/**
 * Stores notifications, once per recipient however often they come. Mail, push and the open page
 * follow from the rows of `user_notification`. People who are gone are passed over.
 */
export const storeNotifications = async (
  manager: EntityManager,
  notifications: readonly Notification[],
): Promise<void> => {
  for (const notification of notifications)
    await storeNotification(manager, notification);
};
