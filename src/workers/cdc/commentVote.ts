import type { CommentVote } from '../../entity/index.ts';
import type { ChangeHandler } from './handler.ts';
import { recountUpvotes } from './recount.ts';
import type { RowOf } from './row.ts';

/** The comment's number of upvotes follows its votes, by whatever path they changed. */
export const commentVoteChanged: ChangeHandler<RowOf<CommentVote>> = (
  { before, after },
  con,
) => recountUpvotes(con, 'comment', (after ?? before).comment_id);
