import type { DataSource } from 'typeorm';

import type { EventTopic, PubSubSchema } from '../../common/typedPubsub.ts';
import type { Logger } from '../../logger.ts';
import type {
  Message,
  Parsing,
  SubscriptionOf,
  TypedWorker,
  WorkerOptions,
} from '../worker.ts';
import type { NotificationHandlerReturn } from './notification.ts';
import { storeNotifications } from './store.ts';

/**
 * Tells people about an event: loads, decides, and returns notifications as data. It writes
 * nothing itself, so that it may run again at any time.
 */
export type TypedNotificationWorker<Topic extends EventTopic> =
  WorkerOptions & {
    readonly subscription: SubscriptionOf<Topic>;
    readonly handler: (
      data: PubSubSchema[Topic],
      con: DataSource,
      logger: Logger,
    ) => Promise<NotificationHandlerReturn>;
  } & Parsing<Topic>;

/** Makes a notification worker one that the host serves: what it returns is stored in one transaction. */
export const typedNotificationWorkerToWorker = <Topic extends EventTopic>(
  worker: TypedNotificationWorker<Topic>,
): TypedWorker<Topic> => {
  const { handler, ...rest } = worker;
  const served = {
    ...rest,
    handler: async (
      message: Message<PubSubSchema[Topic]>,
      con: DataSource,
      logger: Logger,
    ): Promise<void> => {
      const notifications = await handler(message.data, con, logger);
      if (!notifications?.length) return;
      await con.transaction((manager) =>
        storeNotifications(manager, notifications),
      );
      logger.info(
        { types: notifications.map(({ type }) => type) },
        'stored notifications',
      );
    },
  };
  return served;
};
