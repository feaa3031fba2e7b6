import { recomputePostVote } from './reputation/vote.ts';
import type { TypedWorker } from './worker.ts';

const worker: TypedWorker<'post-upvoted'> = {
  subscription: 'post-upvoted-rep',
  transactional: true,
  handler: (message, con) => recomputePostVote(con, message.data),
};

export default worker;
