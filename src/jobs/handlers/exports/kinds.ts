import type { ExportKind } from '../../../entity/index.ts';

/** What a cell may hold; times are UTC. */
export type Cell = string | number | Date | null;

/** The cells of one row, by column. */
export type Row = Readonly<Record<string, Cell>>;

export interface Column {
  /** The name that the row's cell has. */
  readonly key: string;
  /** What stands above it, or before it. */
  readonly title: string;
}

/** What is in exports of one kind. */
export interface Kind {
  readonly title: string;
  /** The first one is an `id`, by which rows are read in pages; the second one is a record's heading in a PDF. */
  readonly columns: readonly [Column, Column, ...Column[]];
  /** Counts the rows of the person `$1`. */
  readonly count: string;
  /** Reads the next `$3` rows of the person `$1` after the id `$2`, in the order of ids. */
  readonly page: string;
}

/** Every kind of export: a new one is an entry here, and in the entity's `ExportKind`. */
export const kinds: Readonly<Record<ExportKind, Kind>> = {
  'my-posts': {
    title: 'My posts',
    columns: [
      { key: 'id', title: 'Id' },
      { key: 'title', title: 'Title' },
      { key: 'source', title: 'Source' },
      { key: 'createdAt', title: 'Created' },
      { key: 'upvotes', title: 'Upvotes' },
      { key: 'comments', title: 'Comments' },
      { key: 'content', title: 'Content' },
    ],
    count: 'select count(*)::int as rows from post where author_id = $1',
    page: `
      select post.id, post.title, source.handle as source, post.created_at as "createdAt",
             post.upvotes, post.comments, post.content
        from post join source on source.id = post.source_id
       where post.author_id = $1 and post.id > $2
       order by post.id limit $3`,
  },
  'my-comments': {
    title: 'My comments',
    columns: [
      { key: 'id', title: 'Id' },
      { key: 'post', title: 'Post' },
      { key: 'postId', title: 'Post id' },
      { key: 'createdAt', title: 'Created' },
      { key: 'upvotes', title: 'Upvotes' },
      { key: 'content', title: 'Content' },
    ],
    count: 'select count(*)::int as rows from comment where user_id = $1',
    page: `
      select comment.id, post.title as post, comment.post_id as "postId",
             comment.created_at as "createdAt", comment.upvotes, comment.content
        from comment join post on post.id = comment.post_id
       where comment.user_id = $1 and comment.id > $2
       order by comment.id limit $3`,
  },
};
