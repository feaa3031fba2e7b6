import { recomputeCommentVote } from './reputation/vote.ts';
import type { TypedWorker } from './worker.ts';

const worker: TypedWorker<'comment-upvoted'> = {
  subscription: 'comment-upvoted-rep',
  transactional: true,
  handler: (message, con) => recomputeCommentVote(con, message.data),
};

export default worker;
