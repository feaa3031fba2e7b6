import { z } from 'zod';

import { Post } from '../../../entity/index.ts';
import { createJob } from '../../../jobs/create-job.ts';
import { announceEvent } from '../../../jobs/handlers/webhooks/announce-event.ts';
import { storeNotification } from '../../../notifications/store.ts';
import { Flow } from '../../dsl/flow.ts';

const day = 86_400;

const input = z.object({
  postId: z.uuid(),
  /** Seconds after which the author hears how the post was received. @default a day */
  summaryAfterSeconds: z
    .number()
    .min(0)
    .max(30 * day)
    .optional(),
});

const counted = (number: number, one: string): string =>
  `${number} ${number === 1 ? one : `${one}s`}`;

/**
 * What follows from a published post: its author's webhooks hear of it, the cached lists are made anew, and after its
 * first day the author hears how it was received. A post that is deleted meanwhile ends it quietly.
 */
export const publication = new Flow('publication', { input })
  .step('load', {}, async ({ input: { postId }, con }) => {
    const post = await con.getRepository(Post).findOneBy({ id: postId });
    return post && { authorId: post.authorId, title: post.title };
  })
  .step(
    'announce',
    {
      dependsOn: ['load'],
      transactional: true,
      when: ({ outputs }) => outputs.load !== null,
    },
    async ({ input: { postId }, outputs: { load: post }, manager }) => {
      if (!post) return 0;
      const deliveries = await announceEvent(manager, {
        userId: post.authorId,
        eventType: 'post.published',
        eventId: postId,
        data: { postId, title: post.title },
      });
      return deliveries.length;
    },
  )
  .step(
    'warm',
    {
      dependsOn: ['load'],
      transactional: true,
      when: ({ outputs }) => outputs.load !== null,
    },
    ({ manager, task }) =>
      createJob(
        'warm-trending-posts',
        { payload: {}, idempotencyKey: task.key },
        { manager },
      ),
  )
  .sleep('first-day', {
    dependsOn: ['announce'],
    seconds: ({ input: { summaryAfterSeconds = day } }) => summaryAfterSeconds,
  })
  .step(
    'summarise',
    { dependsOn: ['first-day', 'load'], transactional: true },
    async ({ input: { postId }, manager }) => {
      const post = await manager.getRepository(Post).findOneBy({ id: postId });
      if (!post || post.upvotes + post.comments === 0) return { told: false };
      await storeNotification(
        manager,
        {
          type: 'post_first_day',
          referenceId: postId,
          uniqueKey: '',
          title: 'How your post was received',
          body: `${post.title}: ${counted(post.upvotes, 'upvote')}, ${counted(post.comments, 'comment')}`,
          targetUrl: `/posts/${postId}`,
        },
        [post.authorId],
      );
      return { told: true };
    },
  );
