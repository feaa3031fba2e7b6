import { publication } from '../flows/definitions/publication/flow.ts';
import { startFlow } from '../flows/index.ts';
import type { TypedWorker } from './worker.ts';

/** A post is there, by whatever path it came: what follows over its first day is a flow, one for each post. */
const worker: TypedWorker<'post-created'> = {
  subscription: 'api.post-publication',
  transactional: true,
  handler: async ({ data: { postId } }, manager) => {
    await startFlow(publication, { postId }, { manager, key: postId });
  },
};

export default worker;
