import { recomputePostVote } from './reputation/vote.ts';
import type { TypedWorker } from './worker.ts';

const worker: TypedWorker<'post-upvote-canceled'> = {
  subscription: 'post-upvote-canceled-rep',
  transactional: true,
  handler: (message, con) => recomputePostVote(con, message.data),
};

export default worker;
