import { Post, Source, SourceFollower } from '../entity/index.ts';
import type { TypedNotificationWorker } from './notifications/worker.ts';

const worker: TypedNotificationWorker<'post-created'> = {
  subscription: 'api.source-post-notification',
  handler: async ({ postId }, con) => {
    const post = await con.getRepository(Post).findOneBy({ id: postId });
    if (!post) return;
    const [source, followers] = await Promise.all([
      con.getRepository(Source).findOneBy({ id: post.sourceId }),
      con.getRepository(SourceFollower).findBy({ sourceId: post.sourceId }),
    ]);
    const userIds = followers
      .map(({ userId }) => userId)
      .filter((userId) => userId !== post.authorId);
    if (!source || userIds.length === 0) return;
    return [{ type: 'source_post_added', ctx: { userIds, post, source } }];
  },
};

export default worker;
