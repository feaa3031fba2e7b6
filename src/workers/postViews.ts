import { type Message, PermanentError, type TypedWorker } from './worker.ts';
import type { PubSubSchema } from '../common/typedPubsub.ts';

type View = Message<PubSubSchema['post-viewed']>;

const worker: TypedWorker<'post-viewed'> = {
  subscription: 'api.post-views',
  handleBatch: async (messages, con) => {
    const failures = new Map<View, unknown>();
    const views: View[] = [];
    for (const message of messages)
      if (message.attributes['id']) views.push(message);
      else
        failures.set(
          message,
          new PermanentError(
            `expected message ${message.messageId} to carry its event id in attribute id, got none`,
          ),
        );
    // The event id makes a view that comes twice one row.
    await con.query(
      `insert into post_view (event_id, post_id, user_id, viewed_at)
       select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[])
       on conflict do nothing`,
      [
        views.map(({ attributes }) => attributes['id']),
        views.map(({ data }) => data.postId),
        views.map(({ data }) => data.userId ?? null),
        views.map(({ publishTime }) => publishTime),
      ],
    );
    return failures;
  },
};

export default worker;
