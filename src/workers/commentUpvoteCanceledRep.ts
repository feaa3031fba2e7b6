import { recomputeCommentVote } from './reputation/vote.ts';
import type { TypedWorker } from './worker.ts';

const worker: TypedWorker<'comment-upvote-canceled'> = {
  subscription: 'comment-upvote-canceled-rep',
  transactional: true,
  handler: (message, con) => recomputeCommentVote(con, message.data),
};

export default worker;
