import type { DataSource } from 'typeorm';

import { DigestSubscription, User } from '../../entity/index.ts';
import type { DigestSend } from '../../entity/index.ts';
import type { OutgoingMessage } from '../../mail/outgoing-message.ts';

const DAY = 86_400_000;

/** How far back the first digest of a person reaches, in days: from one period to the next. */
const reachOf = (
  period: string,
  frequency: DigestSubscription['frequency'],
): number => {
  if (period.includes('W')) return 7;
  const monday = new Date(`${period}T00:00:00Z`).getUTCDay() === 1;
  return frequency === 'workdays' && monday ? 3 : 1;
};

/** Days that a digest reaches back at most, when those before it did not come: a week and its grace. */
const LONGEST_REACH = 8;

/**
 * The moment up to which the person was told before. Of digests that are not sent at the same time each
 * day, or not each day, none leaves a gap and none repeats another.
 */
const toldUntil = async (
  con: DataSource,
  { userId, period, plannedAt }: DigestSend,
  frequency: DigestSubscription['frequency'],
): Promise<Date> => {
  const [before] = await con.query<{ planned_at: Date | null }[]>(
    `select max(planned_at) as planned_at from digest_send
     where user_id = $1 and planned_at < $2 and outcome in ('sent', 'nothing-new')`,
    [userId, plannedAt],
  );
  const told = before?.planned_at;
  const back = (days: number) => plannedAt.getTime() - days * DAY;
  return new Date(
    told
      ? Math.max(told.getTime(), back(LONGEST_REACH))
      : back(reachOf(period, frequency)),
  );
};

/** Posts in one digest. */
const LENGTH = 10;

interface DigestPost {
  readonly id: string;
  readonly title: string;
  readonly upvotes: number;
}

/** What others posted in that time, the best first. */
const posts = (
  con: DataSource,
  userId: string,
  since: Date,
  until: Date,
): Promise<DigestPost[]> =>
  con.query(
    `select id, title, upvotes from post
     where created_at >= $1 and created_at < $2 and author_id <> $3
     order by upvotes desc, id desc limit $4`,
    [since, until, userId, LENGTH],
  );

const line = ({ id, title, upvotes }: DigestPost): string =>
  `${title}\n${upvotes === 1 ? '1 upvote' : `${upvotes} upvotes`}, /posts/${id}`;

/** The mail of a planned digest, or why there is none. */
export const composeDigest = async (
  con: DataSource,
  digest: DigestSend,
): Promise<OutgoingMessage | 'nothing-new' | 'unsubscribed'> => {
  const { userId, period, plannedAt } = digest;
  const [recipient, subscription] = await Promise.all([
    con.getRepository(User).findOneBy({ id: userId }),
    con.getRepository(DigestSubscription).findOneBy({ userId }),
  ]);
  if (!recipient || !subscription) return 'unsubscribed';
  const since = await toldUntil(con, digest, subscription.frequency);
  const best = await posts(con, userId, since, plannedAt);
  if (best.length === 0) return 'nothing-new';
  return {
    channel: 'mail',
    recipient,
    notificationId: null,
    subject: `Your digest: ${best[0]?.title}`,
    body: best.map(line).join('\n\n'),
    idempotencyKey: `digest.${userId}.${period}`,
  };
};
