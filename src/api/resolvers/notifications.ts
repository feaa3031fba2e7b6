import type { DataSource, EntityManager } from 'typeorm';

import { requireViewer } from '../caller.ts';
import { type ApiContext, mutate } from '../context.ts';
import { notFound } from '../errors.ts';
import { idSchema, pageSchema, parseInput } from '../input.ts';
import { cut, type Page, type PageArguments, read } from '../pages.ts';
import { mapItems } from '../real-time/mailbox.ts';

/** A notification as the viewer has it. */
export interface ViewerNotification {
  readonly id: string;
  readonly type: string;
  readonly title: string;
  readonly body: string | null;
  readonly targetUrl: string;
  readonly readAt: Date | null;
  readonly createdAt: Date;
}

const columns = `
  n.id, n.type, n.title, n.body, n.target_url as "targetUrl",
  un.read_at as "readAt", un.created_at as "createdAt"`;

/** One of a person's notifications that they may see. */
const findNotification = async (
  con: DataSource | EntityManager,
  notificationId: string,
  userId: string,
): Promise<ViewerNotification | undefined> => {
  const [row]: ViewerNotification[] = await con.query(
    `select ${columns}
    from user_notification un
    join notification_v2 n on n.id = un.notification_id
    where un.notification_id = $1 and un.user_id = $2 and un.public`,
    [notificationId, userId],
  );
  return row;
};

export const notificationQueries = {
  notifications: async (
    _: unknown,
    args: PageArguments,
    { caller, con }: ApiContext,
  ): Promise<Page<ViewerNotification>> => {
    const userId = requireViewer(caller);
    const { first, after } = parseInput(pageSchema, args);
    const rows = await read(() =>
      con.query<ViewerNotification[]>(
        `select ${columns}
        from user_notification un
        join notification_v2 n on n.id = un.notification_id
        where un.user_id = $1 and un.public and ($2::uuid is null or un.notification_id < $2)
        order by un.notification_id desc
        limit $3`,
        [userId, after ?? null, first + 1],
      ),
    );
    return cut(rows, first);
  },
};

export const notificationMutations = {
  readNotification: async (
    _: unknown,
    args: { readonly id: string },
    context: ApiContext,
  ): Promise<ViewerNotification> => {
    const userId = requireViewer(context.caller);
    const { id } = parseInput(idSchema, args);
    return mutate(context, async (manager) => {
      await manager.query(
        `update user_notification set read_at = now()
        where notification_id = $1 and user_id = $2 and read_at is null`,
        [id, userId],
      );
      const notification = await findNotification(manager, id, userId);
      if (!notification) throw notFound('notification', id);
      return notification;
    });
  },
};

export const notificationSubscriptions = {
  newNotification: {
    /** What was withdrawn meanwhile, or is not public, is left out. */
    subscribe: async (
      _: unknown,
      _args: unknown,
      { caller, con, notifications }: ApiContext,
    ) => {
      const userId = requireViewer(caller);
      return mapItems(notifications.follow(userId), async (notificationId) => {
        const newNotification = await read(() =>
          findNotification(con, notificationId, userId),
        );
        return newNotification && { newNotification };
      });
    },
  },
};
