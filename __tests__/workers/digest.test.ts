import { pino } from 'pino';

import type { User, Post } from '../../src/entity/index.ts';
import {
  DigestSend,
  DigestSubscription,
  Outbox,
  SentMessage,
} from '../../src/entity/index.ts';
import {
  generateDigests,
  type GenerateOptions,
} from '../../src/digest/generate.ts';
import { personalizedDigestWorkers } from '../../src/workers/index.ts';
import {
  expectSuccessfulTypedBackground,
  saveFixtures,
  useTestDatabase,
} from '../helpers.ts';
import { createCommunity, createUser } from './community.ts';

const database = useTestDatabase();
const logger = pino({ level: 'silent' });
const DAY = 86_400_000;
const worker = personalizedDigestWorkers['api.personalized-digest-email'];

/** A Monday, 07:00 in Berlin, 11:30 in Kolkata, 01:00 in New York. */
const monday = '2026-11-23T06:00:00Z';

const subscriber = async (
  timezone: string,
  preferredHour: number,
  frequency: DigestSubscription['frequency'] = 'daily',
): Promise<User> => {
  const user = await createUser(database.con, { timezone });
  await saveFixtures(database.con, DigestSubscription, [
    { userId: user.id, frequency, preferredHour },
  ]);
  return user;
};

const generate = (at: string, options: GenerateOptions = {}) =>
  generateDigests(database.con, logger, { at: new Date(at), ...options });

const periodsOf = async (user: User): Promise<string[]> => {
  const rows = await database.con
    .getRepository(DigestSend)
    .find({ where: { userId: user.id }, order: { period: 'ASC' } });
  return rows.map(({ period }) => period);
};

describe('generate-digests', () => {
  it('plans a digest in the hour its person prefers, wherever that is', async () => {
    const berlin = await subscriber('Europe/Berlin', 7);
    const kolkata = await subscriber('Asia/Kolkata', 11);
    const later = await subscriber('America/New_York', 7);
    await generate(monday, { graceHours: 0 });
    expect(await periodsOf(berlin)).toEqual(['2026-11-23']);
    expect(await periodsOf(kolkata)).toEqual(['2026-11-23']);
    expect(await periodsOf(later)).toEqual([]);
  });

  it('names the day as the person has it, not as the server has it', async () => {
    const kiritimati = await subscriber('Pacific/Kiritimati', 1);
    await generate('2026-11-23T11:00:00Z');
    expect(await periodsOf(kiritimati)).toEqual(['2026-11-24']);
  });

  it('plans each digest once with one event, however often and by however many it is run', async () => {
    const user = await subscriber('Europe/Berlin', 7);
    await Promise.all([generate(monday), generate(monday), generate(monday)]);
    await generate('2026-11-23T06:59:59Z');
    expect(await periodsOf(user)).toEqual(['2026-11-23']);
    const events = await database.con
      .getRepository(Outbox)
      .findBy({ topic: 'api.v1.generate-personalized-digest' });
    expect(
      events
        .map(({ payload }) => payload.toString())
        .filter((text) => text.includes(user.id)),
    ).toEqual([JSON.stringify({ userId: user.id, period: '2026-11-23' })]);
  });

  it('makes up for what an outage missed, within the grace and no longer', async () => {
    const missed = await subscriber('Europe/Berlin', 5);
    const tooLate = await subscriber('Europe/Berlin', 3);
    await generate(monday, { graceHours: 3 });
    expect(await periodsOf(missed)).toEqual(['2026-11-23']);
    expect(await periodsOf(tooLate)).toEqual([]);
  });

  it('makes up past midnight for the day before, and for its last workday', async () => {
    const daily = await subscriber('Europe/Berlin', 23);
    const workdays = await subscriber('Europe/Berlin', 23, 'workdays');
    const saturdayAtOne = '2026-11-28T00:00:00Z';
    await generate(saturdayAtOne);
    expect(await periodsOf(daily)).toEqual(['2026-11-27']);
    expect(await periodsOf(workdays)).toEqual(['2026-11-27']);
    const mondayAtOne = '2026-11-30T00:00:00Z';
    await generate(mondayAtOne);
    expect(await periodsOf(daily)).toEqual(['2026-11-27', '2026-11-29']);
    expect(await periodsOf(workdays)).toEqual(['2026-11-27']);
  });

  it('finds the hour that summer time skips a little later', async () => {
    const user = await subscriber('Europe/Berlin', 2);
    await generate('2026-03-29T01:00:00Z');
    expect(await periodsOf(user)).toEqual(['2026-03-29']);
  });

  it('does not send twice in the hour that winter time repeats', async () => {
    const user = await subscriber('Europe/Berlin', 2);
    await generate('2026-10-25T00:30:00Z');
    await generate('2026-10-25T01:30:00Z');
    expect(await periodsOf(user)).toEqual(['2026-10-25']);
  });

  it('keeps workdays and weeks by the calendar of the person', async () => {
    const workdays = await subscriber('Europe/Berlin', 7, 'workdays');
    const weekly = await subscriber('Europe/Berlin', 7, 'weekly');
    for (let day = 21; day <= 30; day += 1)
      await generate(`2026-11-${day}T06:00:00Z`, { graceHours: 0 });
    expect(await periodsOf(workdays)).toEqual([
      '2026-11-23',
      '2026-11-24',
      '2026-11-25',
      '2026-11-26',
      '2026-11-27',
      '2026-11-30',
    ]);
    expect(await periodsOf(weekly)).toEqual(['2026-W48', '2026-W49']);
  });

  it('tells of a time zone that Postgres does not know, and serves everybody else', async () => {
    await subscriber('Middle/Earth', 7);
    const user = await subscriber('Europe/Berlin', 7);
    const { unknownTimezones } = await generate(monday, { batchSize: 1 });
    expect(unknownTimezones).toBeGreaterThan(0);
    expect(await periodsOf(user)).toEqual(['2026-11-23']);
  });

  it('counts without planning in a dry run', async () => {
    const user = await subscriber('Europe/Berlin', 7);
    const { planned } = await generate(monday, { dryRun: true });
    expect(planned).toBeGreaterThan(0);
    expect(await periodsOf(user)).toEqual([]);
  });
});

describe('api.personalized-digest-email', () => {
  const period = '2026-11-23';

  const sent = (user: User) =>
    database.con.getRepository(SentMessage).findBy({ recipientId: user.id });
  const ledger = async (user: User, period: string) =>
    (
      await database.con
        .getRepository(DigestSend)
        .findOneByOrFail({ userId: user.id, period })
    ).outcome;
  const outcomeOf = (user: User) => ledger(user, period);
  /** The only post there is to tell of. */
  const postedDaysAgo = async (days: number): Promise<void> => {
    const { id } = await post();
    await database.con.query(
      `update post set created_at = case when id = $1
         then now() - $2 * interval '1 day' else now() - interval '1 year' end`,
      [id, days],
    );
  };
  const post = async (): Promise<Post> =>
    (await createCommunity(database.con)).post;

  it('mails what others posted and writes it into the ledger', async () => {
    const user = await subscriber('Europe/Berlin', 7);
    const { id } = await post();
    await expectSuccessfulTypedBackground(worker, { userId: user.id, period });
    const [mail] = await sent(user);
    expect(mail).toMatchObject({
      channel: 'mail',
      subject: 'Your digest: On engines',
      notificationId: null,
    });
    expect(mail?.body).toContain(`/posts/${id}`);
    expect(await outcomeOf(user)).toBe('sent');
  });

  it('reaches the person once when its process dies between sending and recording', async () => {
    const user = await subscriber('Europe/Berlin', 7);
    await post();
    await expectSuccessfulTypedBackground(worker, { userId: user.id, period });
    // What a process leaves that dies there: the provider has it, the ledger does not.
    await database.con
      .getRepository(DigestSend)
      .update({ userId: user.id, period }, { outcome: null, settledAt: null });
    await expectSuccessfulTypedBackground(worker, { userId: user.id, period });
    expect(await sent(user)).toHaveLength(1);
    expect(await outcomeOf(user)).toBe('sent');
  });

  it('sends nothing to who has unsubscribed since', async () => {
    const user = await createUser(database.con);
    await post();
    await expectSuccessfulTypedBackground(worker, { userId: user.id, period });
    expect(await sent(user)).toEqual([]);
    expect(await outcomeOf(user)).toBe('unsubscribed');
  });

  it('sends nothing when there is nothing new', async () => {
    const user = await subscriber('Europe/Berlin', 7);
    await database.con.query(
      `update post set created_at = now() - interval '2 days'`,
    );
    await expectSuccessfulTypedBackground(worker, { userId: user.id, period });
    expect(await sent(user)).toEqual([]);
    expect(await outcomeOf(user)).toBe('nothing-new');
  });

  it.each([
    ['workdays', '2026-11-23', 2, 'sent'],
    ['workdays', '2026-11-23', 4, 'nothing-new'],
    ['workdays', '2026-11-24', 2, 'nothing-new'],
    ['daily', '2026-11-23', 2, 'nothing-new'],
    ['weekly', '2026-W48', 6, 'sent'],
    ['weekly', '2026-W48', 9, 'nothing-new'],
  ] as const)(
    'reaches back to the period before: %s, %s, a post of %i days ago: %s',
    async (frequency, period, days, outcome) => {
      const user = await subscriber('Europe/Berlin', 7, frequency);
      await postedDaysAgo(days);
      await expectSuccessfulTypedBackground(worker, {
        userId: user.id,
        period,
      });
      expect(await ledger(user, period)).toBe(outcome);
    },
  );

  it.each([
    ['sent', 1.2, 'sent'],
    ['nothing-new', 1.2, 'sent'],
    // Who was told nothing by it waits for what was in it.
    ['unsubscribed', 1.2, 'nothing-new'],
    ['sent', 0.9, 'nothing-new'],
    ['sent', 30, 'nothing-new'],
  ] as const)(
    'tells what was posted since the digest before it (%s, %s days ago), once and for eight days at most: %s',
    async (before, days, outcome) => {
      const user = await subscriber('Europe/Berlin', 7);
      await saveFixtures(database.con, DigestSend, [
        {
          userId: user.id,
          period: 'before',
          plannedAt: new Date(Date.now() - days * DAY),
          outcome: before,
        },
      ]);
      await postedDaysAgo(days > 8 ? 9 : 1.1);
      await expectSuccessfulTypedBackground(worker, {
        userId: user.id,
        period,
      });
      expect(await ledger(user, period)).toBe(outcome);
    },
  );
});
