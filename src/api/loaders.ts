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

interface PostReferences {
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
    source: referred(Source, ({ sourceId }: PostReferences) => sourceId),
  },
  Comment: {
    author: referred(User, ({ userId }: CommentReferences) => userId),
    post: referred(Post, ({ postId }: CommentReferences) => postId),
  },
};
