import type { JobSchema } from '../declarations.ts';
import type { JobHandler } from '../handler.ts';
import { warmTrendingPosts } from './cache/trending-posts.ts';

/** Computes the posts that are read and liked most, before anybody asks for them. */
const handler: JobHandler<JobSchema['warm-trending-posts']> = {
  handler: (_payload, { con }) => warmTrendingPosts(con),
};

export default handler;
