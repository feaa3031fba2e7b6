import { type EntityManager, In } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { NotificationV2, User, UserNotification } from '../entity/index.ts';
import { currentCause } from '../events/context.ts';

/** What is stored of a notification, besides its recipients. */
export interface StoredNotification {
  readonly type: string;
  /** The row that it is about. */
  readonly referenceId: string;
  /** With type and reference: what makes two notifications one. */
  readonly uniqueKey: string;
  readonly title: string;
  readonly body: string | null;
  /** A path of the application. */
  readonly targetUrl: string;
}

/** The id of a notification, stored now or before: the same one may come again. */
const notificationId = async (
  manager: EntityManager,
  notification: StoredNotification,
): Promise<string> => {
  const cause = currentCause();
  await manager
    .createQueryBuilder()
    .insert()
    .into(NotificationV2)
    .values({
      id: uuidv7(),
      ...notification,
      cause: cause?.id ?? null,
      handler: cause?.subscription ?? null,
    })
    .orIgnore()
    .updateEntity(false)
    .execute();
  const { type, referenceId, uniqueKey } = notification;
  const { id } = await manager.findOneOrFail(NotificationV2, {
    select: { id: true },
    where: { type, referenceId, uniqueKey },
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

/**
 * Stores a notification for people, once for each however often it comes. Mail, push and the open page
 * follow from the rows of `user_notification`. People who are gone are passed over.
 */
export const storeNotification = async (
  manager: EntityManager,
  notification: StoredNotification,
  recipients: readonly string[],
): Promise<void> => {
  // Sorted, so that two runs never wait for each other in a circle.
  const all = [...new Set(recipients)].sort();
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
