import type { DataSource } from 'typeorm';

import { DigestSubscription, User } from '../../entity/index.ts';
import type { DigestSend } from '../../entity/index.ts';
import type { OutgoingMessage } from '../../mail/outgoing-message.ts';

const HOUR = 3_600_000;

/** How far back the digest of a period reaches, in milliseconds. */
const reachOf = (period: string): number =>
  (period.includes('W') ? 7 * 24 : 24) * HOUR;

/** Posts in one digest. */
const LENGTH = 10;

interface DigestPost {
  readonly id: string;
  readonly title: string;
  readonly upvotes: number;
}

/** What others posted in the period, the best first. */
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
  { userId, period, plannedAt }: DigestSend,
): Promise<OutgoingMessage | 'nothing-new' | 'unsubscribed'> => {
  const [recipient, subscribed] = await Promise.all([
    con.getRepository(User).findOneBy({ id: userId }),
    con.getRepository(DigestSubscription).existsBy({ userId }),
  ]);
  if (!recipient || !subscribed) return 'unsubscribed';
  const since = new Date(plannedAt.getTime() - reachOf(period));
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
