import type {
  Comment,
  CommentVote,
  Post,
  PostVote,
  User,
} from '../../entity/index.ts';
import type { ChangeHandler } from './handler.ts';
import type { RowOf } from './row.ts';

/** What the rows of each table look like. */
interface Rows {
  user: RowOf<User>;
  post: RowOf<Post>;
  comment: RowOf<Comment>;
  post_vote: RowOf<PostVote>;
  comment_vote: RowOf<CommentVote>;
}

/** A handler for each of some tables, of that table's rows: no more and no fewer. */
export type ChangeHandlers<Table extends string> = {
  readonly [T in Table]: T extends keyof Rows ? ChangeHandler<Rows[T]> : never;
};
