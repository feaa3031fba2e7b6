import {
  type EntityTarget,
  type FindOptionsWhere,
  In,
  type ObjectLiteral,
} from 'typeorm';

import { Post, Source, User } from '../entity/index.ts';
import type { ApiContext } from './context.ts';
import { notFound } from './errors.ts';
import { read } from './pages.ts';

/** Loads what many rows refer to by one query for all of them. */
const referred =
  <Row, Found extends ObjectLiteral & { id: string }>(
    entity: EntityTarget<Found>,
    idOf: (row: Row) => string,
  ) =>
  async (
    queries: readonly { readonly obj: Row }[],
    { con }: ApiContext,
  ): Promise<(Found | Error)[]> => {
    const ids = queries.map(({ obj }) => idOf(obj));
    const rows = await read(() =>
      con
        .getRepository(entity)
        .findBy({ id: In([...new Set(ids)]) } as FindOptionsWhere<Found>),
    );
    const found = new Map(rows.map((row) => [row.id, row]));
    return ids.map(
      (id) => found.get(id) ?? notFound(con.getMetadata(entity).tableName, id),
    );
  };

/** Views are rows, many at once; counted when somebody asks. */
const views = async (
  queries: readonly { readonly obj: PostReferences }[],
  { con }: ApiContext,
): Promise<number[]> => {
  const ids = queries.map(({ obj }) => obj.id);
  const rows = await read(() =>
    con.query<{ id: string; views: number }[]>(
      `select post_id as id, count(*)::int as views
       from post_view where post_id = any($1) group by post_id`,
      [ids],
    ),
  );
  const found = new Map(rows.map((row) => [row.id, row.views]));
  return ids.map((id) => found.get(id) ?? 0);
};

interface PostReferences {
  readonly id: string;
  readonly authorId: string;
  readonly sourceId: string;
}

interface CommentReferences {
  readonly userId: string;
  readonly postId: string;
}

export const loaders = {
  Post: {
    author: referred(User, ({ authorId }: PostReferences) => authorId),
    views,
    source: referred(Source, ({ sourceId }: PostReferences) => sourceId),
  },
  Comment: {
    author: referred(User, ({ userId }: CommentReferences) => userId),
    post: referred(Post, ({ postId }: CommentReferences) => postId),
  },
};
