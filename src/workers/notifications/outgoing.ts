import { type DataSource, IsNull } from 'typeorm';

import { NotificationV2, User, UserNotification } from '../../entity/index.ts';
import type { OutgoingMessage } from '../../mail/outgoing-message.ts';
import { mailedByJobs } from '../../notifications/mailed-by-jobs.ts';

/**
 * The message that tells a person about a notification; `undefined` if it is gone or was read in
 * the meantime, or its person is gone, or if a job mails it.
 */
export const unreadNotification = async (
  con: DataSource,
  channel: OutgoingMessage['channel'],
  key: { readonly notificationId: string; readonly userId: string },
): Promise<OutgoingMessage | undefined> => {
  const { notificationId, userId } = key;
  const [unread, notification, recipient] = await Promise.all([
    con
      .getRepository(UserNotification)
      .existsBy({ notificationId, userId, readAt: IsNull() }),
    con.getRepository(NotificationV2).findOneBy({ id: notificationId }),
    con.getRepository(User).findOneBy({ id: userId }),
  ]);
  if (!unread || !notification || !recipient) return undefined;
  if (channel === 'mail' && mailedByJobs.has(notification.type))
    return undefined;
  return {
    channel,
    recipient,
    notificationId,
    subject: notification.title,
    body: [notification.body, notification.targetUrl]
      .filter((part) => part !== null)
      .join('\n\n'),
    idempotencyKey: `${channel}.${notificationId}.${userId}`,
  };
};
