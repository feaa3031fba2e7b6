import { randomUUID } from 'node:crypto';

import type { DataSource } from 'typeorm';

import { NotificationV2, UserNotification } from '../../src/entity/index.ts';
import { storeNotification } from '../../src/notifications/store.ts';
import { unreadNotification } from '../../src/workers/notifications/outgoing.ts';
import { useTestDatabase } from '../helpers.ts';
import { createUser } from '../workers/community.ts';

const database = useTestDatabase();
let con: DataSource;

beforeEach(() => {
  con = database.con;
});

const notification = (type: string, referenceId = randomUUID()) => ({
  type,
  referenceId,
  uniqueKey: '',
  title: 'A title',
  body: null,
  targetUrl: '/',
});

it('stores a notification once for each person, and passes over who is gone', async () => {
  const [first, second] = [await createUser(con), await createUser(con)];
  const given = notification('export_ready');
  for (const recipients of [
    [first.id, first.id, randomUUID()],
    [first.id, second.id],
  ])
    await storeNotification(con.manager, given, recipients);
  const [stored, ...others] = await con
    .getRepository(NotificationV2)
    .findBy({ referenceId: given.referenceId });
  expect(others).toEqual([]);
  const told = await con
    .getRepository(UserNotification)
    .findBy({ notificationId: stored!.id });
  expect(told.map(({ userId }) => userId).sort()).toEqual(
    [first.id, second.id].sort(),
  );
});

it('stores nothing for nobody', async () => {
  const given = notification('export_ready');
  await storeNotification(con.manager, given, [randomUUID()]);
  expect(
    await con
      .getRepository(NotificationV2)
      .countBy({ referenceId: given.referenceId }),
  ).toBe(0);
});

it('leaves the mail about an export to its job, but not the push message', async () => {
  const { id: userId } = await createUser(con);
  const given = notification('export_ready');
  await storeNotification(con.manager, given, [userId]);
  const { id: notificationId } = await con
    .getRepository(NotificationV2)
    .findOneByOrFail({ referenceId: given.referenceId });
  expect(
    await unreadNotification(con, 'mail', { notificationId, userId }),
  ).toBeUndefined();
  expect(
    await unreadNotification(con, 'push', { notificationId, userId }),
  ).toMatchObject({ subject: 'A title' });
});
