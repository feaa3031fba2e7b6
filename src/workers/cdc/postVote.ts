import type { PostVote } from '../../entity/index.ts';
import type { ChangeHandler } from './handler.ts';
import { recountUpvotes } from './recount.ts';
import type { RowOf } from './row.ts';

/** The post's number of upvotes follows its votes, by whatever path they changed. */
export const postVoteChanged: ChangeHandler<RowOf<PostVote>> = (
  { before, after },
  con,
) => recountUpvotes(con, 'post', (after ?? before).post_id);
