import type { EntityManager } from 'typeorm';

const updated = async (
  manager: EntityManager,
  statement: string,
  postIds: readonly string[],
): Promise<number> => {
  const [, rows]: [unknown, number] = await manager.query(statement, [postIds]);
  return rows;
};

const recountPosts = `
  update post p set upvotes = c.upvotes, comments = c.comments
  from (
    select id,
      (select count(*) from post_vote v where v.post_id = post.id and v.vote = 1)::int as upvotes,
      (select count(*) from comment where comment.post_id = post.id)::int as comments
    from post where id = any($1)) c
  where p.id = c.id and (p.upvotes, p.comments) is distinct from (c.upvotes, c.comments)`;

const recountComments = `
  update comment set upvotes = c.upvotes
  from (
    select c.id,
      (select count(*) from comment_vote v where v.comment_id = c.id and v.vote = 1)::int as upvotes
    from comment c where c.post_id = any($1)) c
  where comment.id = c.id and comment.upvotes <> c.upvotes`;

/**
 * Gives what the reputation workers would have given, once: votes are locked as they lock them, and
 * the key of the grant keeps it from being given twice. Own votes give nothing.
 */
const grantReputation = (upvoteReputation: number) => `
  with post_upvote as (
    select p.author_id as grant_to_id, 'post' as target_type, p.id as target_id, v.user_id as grant_by_id
    from post_vote v join post p on p.id = v.post_id
    where p.id = any($1) and v.vote = 1
    for no key update of v
  ), comment_upvote as (
    select c.user_id, 'comment', c.id, v.user_id as voter_id
    from comment_vote v join comment c on c.id = v.comment_id
    where c.post_id = any($1) and v.vote = 1
    for no key update of v
  ), granted as (
    insert into reputation_event (grant_to_id, target_type, target_id, grant_by_id, reason, amount)
    select *, 'upvote', ${upvoteReputation}
    from (select * from post_upvote union all select * from comment_upvote) given
    where grant_to_id <> grant_by_id
    on conflict do nothing
    returning grant_to_id, amount
  )
  update "user" u set reputation = u.reputation + g.amount
  from (select grant_to_id, sum(amount) as amount from granted group by grant_to_id) g
  where u.id = g.grant_to_id`;

/**
 * Makes counters and reputation of some posts agree with their votes and comments, as resolvers
 * and workers would have.
 *
 * @returns how many rows did not agree
 */
export const agree = async (
  manager: EntityManager,
  postIds: readonly string[],
  upvoteReputation: number,
): Promise<number> => {
  // In this order everywhere: content, votes, users.
  await manager.query(
    'select id from post where id = any($1) order by id for no key update',
    [postIds],
  );
  return (
    (await updated(manager, recountPosts, postIds)) +
    (await updated(manager, recountComments, postIds)) +
    (await updated(manager, grantReputation(upvoteReputation), postIds))
  );
};
