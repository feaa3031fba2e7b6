import { In } from 'typeorm';

import { Post } from '../../entity/index.ts';
import { findPosts } from '../../search/posts.ts';
import type { ApiContext } from '../context.ts';
import { parseInput, searchSchema } from '../input.ts';
import { read } from '../pages.ts';

export const searchQueries = {
  searchPosts: (
    _: unknown,
    args: { readonly query: string; readonly first: number },
    { con }: ApiContext,
  ): Promise<Post[]> => {
    const { query, first } = parseInput(searchSchema, args);
    return read(async () => {
      const ids = await findPosts(con, query, first);
      const posts = await con.getRepository(Post).findBy({ id: In(ids) });
      const found = new Map(posts.map((post) => [post.id, post]));
      return ids.flatMap((id) => found.get(id) ?? []);
    });
  },
};
