import { pino } from 'pino';

import { DigestSubscription, User } from '../../../src/entity/index.ts';
import type { JobContext } from '../../../src/jobs/handler.ts';
import handler from '../../../src/jobs/handlers/generateDigests.ts';
import { saveFixtures, useTestDatabase } from '../../helpers.ts';

const database = useTestDatabase();

const contextOf = (signal: AbortSignal, lines: string[]): JobContext => ({
  con: database.con,
  job: {
    id: '019a0000-0000-7000-8000-000000000001',
    name: 'generate-digests',
    queue: 'default',
    attempt: 1,
    attempts: 3,
    createdAt: new Date(),
    runAt: new Date(),
  },
  logger: pino({ level: 'silent' }),
  signal,
  progress: () => undefined,
  log: (line) => void lines.push(line),
});

const subscribe = async (timezone: string): Promise<void> => {
  const [user] = await saveFixtures(database.con, User, [
    {
      username: timezone,
      name: timezone,
      email: `${timezone.replace('/', '.')}@example.com`,
      timezone,
    },
  ]);
  await saveFixtures(database.con, DigestSubscription, [
    {
      userId: user!.id,
      frequency: 'daily',
      preferredHour: new Date().getUTCHours(),
    },
  ]);
};

test('plans what is due once, and tells of people whose zone is unknown', async () => {
  await subscribe('Etc/UTC');
  await subscribe('Mars/Base');
  const lines: string[] = [];
  const run = () =>
    (
      handler as {
        handler(payload: object, context: JobContext): Promise<unknown>;
      }
    ).handler({}, contextOf(new AbortController().signal, lines));
  await expect(run()).resolves.toEqual({
    subscriptions: 2,
    planned: 1,
    unknownTimezones: 1,
  });
  expect(lines).toEqual([
    'people whose time zone Postgres does not know, who get no digest: 1',
  ]);
  await expect(run()).resolves.toMatchObject({ planned: 0 });
});

test('ends when its time is up', async () => {
  const given = new AbortController();
  given.abort(new Error('the time is up'));
  await expect(
    (
      handler as {
        handler(payload: object, context: JobContext): Promise<unknown>;
      }
    ).handler({}, contextOf(given.signal, [])),
  ).rejects.toThrow('the time is up');
});
