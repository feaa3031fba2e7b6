import type { DataSource } from 'typeorm';

import { warm, type Warmed } from './warm.ts';

const hour = 3_600;
/** Posts in the list. */
const length = 100;
/** Hours after which an upvote or a view is worth half. */
const halfLife = 24;
/** Days that are looked at: what is older is worth less than a hundredth. */
const days = 7;
/** What views count for beside votes. Only their logarithm does: they are cheap to make. */
const viewWeight = 0.5;

const decayed = (column: string): string =>
  `sum(power(0.5, greatest(extract(epoch from now() - ${column}), 0) / (${hour} * $3::float8)))`;

/** Computes the posts that are read and liked most now. Stale after two hours; computed every hour. */
export const warmTrendingPosts = (con: DataSource): Promise<Warmed> =>
  warm(con, {
    key: 'trending-posts',
    lifetime: 2 * hour,
    parameters: [halfLife, days, viewWeight, length],
    sql: `
      with voted as (
        select post_id, ${decayed('voted_at')} as score from post_vote
         where vote = 1 and voted_at > now() - make_interval(days => $4) group by post_id
      ), viewed as (
        select post_id, ${decayed('viewed_at')} as score from post_view
         where viewed_at > now() - make_interval(days => $4) group by post_id
      ), scored as (
        select post_id,
               coalesce(voted.score, 0) + $5::float8 * ln(1 + coalesce(viewed.score, 0)) as score
          from voted full join viewed using (post_id)
      ), trending as (
        select post.id, post.title, post.source_id, post.author_id, post.upvotes, post.comments, score
          from scored join post on post.id = scored.post_id
         order by score desc, post.id desc limit $6
      )
      select coalesce(jsonb_agg(jsonb_build_object(
               'id', id, 'title', title, 'sourceId', source_id, 'authorId', author_id,
               'upvotes', upvotes, 'comments', comments, 'score', round(score::numeric, 4)
             ) order by score desc, id desc), '[]') as value
        from trending`,
  });
