import { indexPost } from '../search/posts.ts';
import type { TypedWorker } from './worker.ts';

const worker: TypedWorker<'post-text-changed'> = {
  subscription: 'api.post-search',
  transactional: true,
  handler: ({ data: { postId } }, con) => indexPost(con, postId),
};

export default worker;
