import { randomUUID } from 'node:crypto';
import { once } from 'node:events';

import pg from 'pg';

import {
  NotificationV2,
  SentMessage,
  User,
  UserNotification,
} from '../../src/entity/index.ts';
import { typedWorkers } from '../../src/workers/index.ts';
import { newNotificationChannel } from '../../src/workers/newNotificationRealTime.ts';
import {
  expectSuccessfulTypedBackground,
  saveFixtures,
  useTestDatabase,
} from '../helpers.ts';
import { createUser } from './community.ts';

const database = useTestDatabase();

const realTime = typedWorkers['api.new-notification-real-time'];
const push = typedWorkers['api.new-notification-push'];
const mail = typedWorkers['api.new-notification-mail'];

const notify = async (row: Partial<UserNotification> = {}) => {
  const { con } = database;
  const user = await createUser(con);
  const [notification] = await saveFixtures(con, NotificationV2, [
    {
      type: 'comment_reply',
      referenceId: randomUUID(),
      uniqueKey: '',
      title: 'Grace replied to your comment',
      body: 'They do.',
      targetUrl: '/posts/1',
    },
  ]);
  const key = { notificationId: notification?.id ?? '', userId: user.id };
  await saveFixtures(con, UserNotification, [{ ...key, ...row }]);
  return { user, key };
};

const sentTo = (recipientId: string) =>
  database.con.getRepository(SentMessage).findBy({ recipientId });

describe.each([
  ['mail', mail],
  ['push', push],
] as const)('api.new-notification-%s', (channel, worker) => {
  it('sends one message however often it is asked to', async () => {
    const { key } = await notify();
    await expectSuccessfulTypedBackground(worker, key);
    await expectSuccessfulTypedBackground(worker, key);
    await Promise.all([
      expectSuccessfulTypedBackground(worker, key),
      expectSuccessfulTypedBackground(worker, key),
    ]);
    expect(await sentTo(key.userId)).toEqual([
      expect.objectContaining({
        channel,
        notificationId: key.notificationId,
        subject: 'Grace replied to your comment',
        body: 'They do.\n\n/posts/1',
      }),
    ]);
  });

  it('does not send what was read in the meantime', async () => {
    const { key } = await notify({ readAt: new Date() });
    await expectSuccessfulTypedBackground(worker, key);
    expect(await sentTo(key.userId)).toEqual([]);
  });

  it('passes over a notification that is gone', async () => {
    const { key } = await notify();
    const gone = { ...key, notificationId: randomUUID() };
    await expectSuccessfulTypedBackground(worker, gone);
    await database.con.getRepository(User).delete({ id: key.userId });
    await expectSuccessfulTypedBackground(worker, key);
    expect(await sentTo(key.userId)).toEqual([]);
  });
});

describe('api.new-notification-real-time', () => {
  it('tells listening APIs, once for one message', async () => {
    const { key } = await notify();
    const { key: other } = await notify();
    const url =
      database.con.options.type === 'postgres' ? database.con.options.url : '';
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const heard: unknown[] = [];
    client.on('notification', ({ payload }) =>
      heard.push(JSON.parse(payload ?? '')),
    );
    try {
      await client.query(`listen ${newNotificationChannel}`);
      const id = randomUUID();
      await expectSuccessfulTypedBackground(realTime, key, { id });
      await expectSuccessfulTypedBackground(realTime, key, { id });
      await expectSuccessfulTypedBackground(realTime, {
        ...key,
        notificationId: randomUUID(),
      });
      // Postgres delivers in the order of the commits: nothing is left when this one is here.
      const last = once(client, 'notification').then(async () => {
        if (heard.length < 2) await once(client, 'notification');
      });
      await expectSuccessfulTypedBackground(realTime, other);
      await last;
      expect(heard).toEqual([key, other]);
    } finally {
      await client.end();
    }
  });
});
