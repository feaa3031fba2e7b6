import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';

/** Run a statement and give its rows. */
export type Ask = <Row extends pg.QueryResultRow>(
  sql: string,
  parameters?: readonly unknown[],
) => Promise<Row[]>;

export const askAt =
  (url: string): Ask =>
  async <Row extends pg.QueryResultRow>(
    sql: string,
    parameters: readonly unknown[] = [],
  ) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Row>(sql, [...parameters])).rows;
    } finally {
      await client.end();
    }
  };

/** Authors, each with one post and the votes on it. */
export const authors = 100;
export const reputationAtStart = 10;
export const reputationOfAnUpvote = 10;

const people = async (ask: Ask, prefix: string, count: number) => {
  const ids = Array.from({ length: count }, () => uuidv7());
  await ask(
    `insert into "user" (id, username, name, email)
     select id, $2 || number, $2 || number, $2 || number || '@example.com'
     from unnest($1::uuid[]) with ordinality as person (id, number)`,
    [ids, prefix],
  );
  return ids;
};

/**
 * Writes votes with their events in one transaction, as resolvers would one by one: every voter
 * upvotes every author's post.
 *
 * @param votes rounded down to a multiple of the number of authors
 * @returns how many were written
 */
export const castVotes = async (ask: Ask, votes: number): Promise<number> => {
  const authorIds = await people(ask, 'chaos-author-', authors);
  const voterIds = await people(
    ask,
    'chaos-voter-',
    Math.floor(votes / authors),
  );
  const sourceId = uuidv7();
  await ask(
    `insert into source (id, handle, name) values ($1, 'chaos', 'Chaos')`,
    [sourceId],
  );
  const postIds = authorIds.map(() => uuidv7());
  await ask(
    `insert into post (id, source_id, author_id, title, content)
     select post, $3, author, 'A post', 'Text' from unnest($1::uuid[], $2::uuid[]) as p (post, author)`,
    [postIds, authorIds, sourceId],
  );
  const pairs = voterIds.flatMap((userId) =>
    postIds.map((postId) => ({ id: uuidv7(), postId, userId })),
  );
  await ask(
    `with vote as (
       select * from jsonb_to_recordset($1) as v (id uuid, "postId" uuid, "userId" uuid)
     ), cast_votes as (
       insert into post_vote (post_id, user_id, vote, voted_at)
       select "postId", "userId", 1, now() from vote
     ), counted as (
       update post set upvotes = $2 where id in (select "postId" from vote)
     )
     insert into outbox (id, topic, ordering_key, type, payload)
     select id, 'post-upvoted', id::text, 'post-upvoted',
            convert_to(jsonb_build_object('postId', "postId", 'userId', "userId")::text, 'UTF8')
     from vote`,
    [JSON.stringify(pairs), voterIds.length],
  );
  return pairs.length;
};

/** What the votes have come to. */
export interface Effects {
  /** Votes whose reputation was given. */
  readonly granted: number;
  /** Authors whose reputation is not what their votes make it. */
  readonly wrongAuthors: number;
  /** Milestone notifications of one post and milestone beyond the first. */
  readonly doubledNotifications: number;
  readonly deadLetters: number;
  /** Events of the reputation worker in the inbox: handled exactly once each. */
  readonly handled: number;
}

export const effectsOf = async (ask: Ask): Promise<Effects> => {
  const [effects] = await ask<Effects>(
    `select
       (select count(*)::int from reputation_event r
          join "user" u on u.id = r.grant_to_id where u.username like 'chaos-author-%') as granted,
       (select count(*)::int from "user" u where username like 'chaos-author-%' and reputation <>
          $1 + $2 * (select count(*) from post_vote v join post p on p.id = v.post_id
                     where p.author_id = u.id and v.vote = 1)) as "wrongAuthors",
       (select coalesce(sum(copies - 1), 0)::int from (
          select count(*) as copies from notification_v2
          where type = 'article_upvote_milestone' group by reference_id, unique_key) n) as "doubledNotifications",
       (select count(*)::int from dead_letter) as "deadLetters",
       (select count(*)::int from inbox where subscription = 'post-upvoted-rep') as handled`,
    [reputationAtStart, reputationOfAnUpvote],
  );
  if (!effects) throw new Error('expected one row of effects, got none');
  return effects;
};
