import { randomUUID } from 'node:crypto';

import {
  Comment,
  Outbox,
  Post,
  PostVote,
  type User,
} from '../../src/entity/index.ts';
import { workers } from '../../src/workers/index.ts';
import {
  expectDeadLetter,
  expectSuccessfulBackground,
  useTestDatabase,
} from '../helpers.ts';
import { createCommunity } from './community.ts';

const database = useTestDatabase();
const worker = workers['api-cdc'];

let lsn = 1_000;

/** A message as the streamer publishes it: one row of one table, changed in a transaction of its own. */
const changed = (
  table: string,
  op: string,
  before: object | null,
  after: object | null,
) => {
  lsn += 1;
  return {
    schema: { type: 'struct', name: 'api.changes.Envelope', version: 2 },
    payload: {
      before,
      after,
      source: {
        version: '3.7.0.Final',
        connector: 'postgresql',
        name: 'nightshift',
        ts_ms: 1_767_225_600_000,
        snapshot: 'false',
        db: 'nightshift',
        sequence: JSON.stringify([String(lsn - 1), String(lsn)]),
        ts_us: 1_767_225_600_000_000,
        ts_ns: 1_767_225_600_000_000_000,
        schema: 'public',
        table,
        txId: lsn,
        lsn,
        xmin: null,
      },
      transaction: null,
      op,
      ts_ms: 1_767_225_600_001,
      ts_us: 1_767_225_600_001_000,
      ts_ns: 1_767_225_600_001_000_000,
    },
  };
};

const userRow = (id: string, row: Partial<User> = {}) => ({
  id,
  username: id,
  name: 'Ada',
  email: `${id}@example.com`,
  timezone: 'Etc/UTC',
  reputation: 10,
  created_at: '2026-01-01T00:00:00.000000Z',
  updated_at: '2026-01-01T00:00:00.000000Z',
  ...row,
});

const commentRow = (id: string, row: object = {}) => ({
  id,
  post_id: randomUUID(),
  user_id: randomUUID(),
  parent_id: null,
  content: 'Indeed.',
  content_html: '',
  upvotes: 0,
  created_at: '2026-01-01T00:00:00.000000Z',
  updated_at: '2026-01-01T00:00:00.000000Z',
  ...row,
});

/** The events that wait in the outbox under one ordering key. */
const triggered = async (orderingKey: string) => {
  const rows = await database.con
    .getRepository(Outbox)
    .find({ where: { orderingKey }, order: { createdAt: 'asc' } });
  return rows.map(({ topic, payload }) => ({
    topic,
    payload: JSON.parse(payload.toString()) as unknown,
  }));
};

const key = (id: string) => JSON.stringify({ id });
const handle = (id: string, message: object) =>
  expectSuccessfulBackground(worker, message, { orderingKey: key(id) });

describe('api-cdc', () => {
  it('triggers user-created for a new person, once however often the change comes', async () => {
    const id = randomUUID();
    const message = changed('user', 'c', null, userRow(id));
    await handle(id, message);
    await handle(id, message);
    expect(await triggered(id)).toEqual([
      { topic: 'user-created', payload: { userId: id } },
      { topic: 'contact-changed', payload: { userId: id } },
    ]);
  });

  it('triggers user-updated with the columns that changed', async () => {
    const id = randomUUID();
    await handle(
      id,
      changed(
        'user',
        'u',
        userRow(id),
        userRow(id, { name: 'Grace', reputation: 20 }),
      ),
    );
    expect(await triggered(id)).toEqual([
      {
        topic: 'user-updated',
        payload: { userId: id, changed: ['name', 'reputation'] },
      },
      { topic: 'contact-changed', payload: { userId: id } },
    ]);
  });

  it('leaves the contact outside alone when nothing that concerns it changed', async () => {
    const id = randomUUID();
    const richer = userRow(id, { reputation: 20 });
    await handle(id, changed('user', 'u', userRow(id), richer));
    expect((await triggered(id)).map(({ topic }) => topic)).toEqual([
      'user-updated',
    ]);
  });

  it('triggers nothing for an update that changed nothing', async () => {
    const id = randomUUID();
    await handle(id, changed('user', 'u', userRow(id), userRow(id)));
    expect(await triggered(id)).toEqual([]);
  });

  it('triggers contact-changed alone for a person who is gone', async () => {
    const id = randomUUID();
    await handle(id, changed('user', 'd', userRow(id), null));
    expect(await triggered(id)).toEqual([
      { topic: 'contact-changed', payload: { userId: id } },
    ]);
  });

  it('triggers post-created, post-updated, and post-text-changed only with another title or text', async () => {
    const id = randomUUID();
    const row = (title: string, upvotes = 0) => ({ id, title, upvotes });
    await handle(id, changed('post', 'c', null, row('On engines')));
    await handle(id, changed('post', 'u', row('On engines'), row('On looms')));
    await handle(id, changed('post', 'u', row('On looms'), row('On looms', 1)));
    await handle(id, changed('post', 'd', row('On looms', 1), null));
    const postId = id;
    expect(await triggered(id)).toEqual([
      { topic: 'post-created', payload: { postId } },
      { topic: 'post-text-changed', payload: { postId } },
      { topic: 'post-updated', payload: { postId, changed: ['title'] } },
      { topic: 'post-text-changed', payload: { postId } },
      { topic: 'post-updated', payload: { postId, changed: ['upvotes'] } },
    ]);
  });

  it('triggers comment-created once, and comment-changed when the markdown is new or changed, not when its HTML is', async () => {
    const id = randomUUID();
    const html = { content_html: '<p>Indeed.</p>' };
    await handle(id, changed('comment', 'c', null, commentRow(id)));
    await handle(
      id,
      changed('comment', 'u', commentRow(id), commentRow(id, html)),
    );
    await handle(
      id,
      changed(
        'comment',
        'u',
        commentRow(id, html),
        commentRow(id, { ...html, content: 'No.' }),
      ),
    );
    await handle(id, changed('comment', 'd', commentRow(id), null));
    const event = { topic: 'comment-changed', payload: { commentId: id } };
    expect(await triggered(id)).toEqual([
      { ...event, topic: 'comment-created' },
      event,
      event,
    ]);
  });

  it('takes every update for a change of content if the row before is not known', async () => {
    const id = randomUUID();
    await handle(id, changed('comment', 'u', null, commentRow(id)));
    expect(await triggered(id)).toHaveLength(1);
  });

  it('counts the upvotes of a post again when its votes were changed with an SQL client', async () => {
    const { con } = database;
    const { post, reader, author } = await createCommunity(con);
    const vote = (userId: string) => ({
      post_id: post.id,
      user_id: userId,
      vote: 1,
      voted_at: '2026-01-01T00:00:00.000000Z',
    });
    const upvotes = async () =>
      (await con.getRepository(Post).findOneByOrFail({ id: post.id })).upvotes;
    for (const userId of [reader.id, author.id])
      await con.query(
        'insert into post_vote (post_id, user_id, vote) values ($1, $2, 1)',
        [post.id, userId],
      );
    await handle(post.id, changed('post_vote', 'c', null, vote(reader.id)));
    expect(await upvotes()).toBe(2);
    await con
      .getRepository(PostVote)
      .delete({ postId: post.id, userId: reader.id });
    await handle(post.id, changed('post_vote', 'd', vote(reader.id), null));
    expect(await upvotes()).toBe(1);
    await con.getRepository(Post).delete({ id: post.id });
    await handle(post.id, changed('post_vote', 'd', vote(author.id), null));
  });

  it('counts the upvotes of a comment again', async () => {
    const { con } = database;
    const { comment, reader } = await createCommunity(con);
    await con.query(
      'insert into comment_vote (comment_id, user_id, vote) values ($1, $2, 1)',
      [comment.id, reader.id],
    );
    await handle(
      comment.id,
      changed('comment_vote', 'c', null, {
        comment_id: comment.id,
        user_id: reader.id,
        vote: 1,
        voted_at: '2026-01-01T00:00:00.000000Z',
      }),
    );
    const { upvotes } = await con
      .getRepository(Comment)
      .findOneByOrFail({ id: comment.id });
    expect(upvotes).toBe(1);
  });

  it('skips heartbeats, rows read by a snapshot and truncated tables', async () => {
    const id = randomUUID();
    await handle(id, {
      schema: {
        type: 'struct',
        name: 'io.debezium.connector.common.Heartbeat',
      },
      payload: { ts_ms: 1_767_225_600_000 },
    });
    await handle(id, changed('user', 'r', null, userRow(id)));
    await handle(id, changed('user', 't', null, null));
    expect(await triggered(id)).toEqual([]);
  });

  it.each([
    ['text', 'not json', /UnparsableMessageError/],
    ['null', 'null', /UnknownEnvelopeError/],
    ['another object', '{"postId":"x"}', /UnknownEnvelopeError/],
    [
      'a change without its row',
      JSON.stringify(changed('user', 'c', null, null)),
      /UnknownEnvelopeError/,
    ],
    [
      'a table without a handler',
      JSON.stringify(changed('invoice', 'c', null, { id: 1 })),
      /UnhandledTableError.*invoice/,
    ],
  ])('makes %s a dead letter at once', async (_, text, error) => {
    await expectDeadLetter(worker, Buffer.from(text), error);
  });
});

describe('api.cdc-notifications', () => {
  const notifications = workers['api.cdc-notifications'];
  const row = (notificationId: string, isPublic: boolean) => ({
    notification_id: notificationId,
    user_id: randomUUID(),
    read_at: null,
    public: isPublic,
    created_at: '2026-01-01T00:00:00.000000Z',
  });
  const events = async () =>
    (
      await database.con
        .getRepository(Outbox)
        .findBy({ topic: 'api.v1.new-notification' })
    ).map(({ payload }) => JSON.parse(payload.toString()) as unknown);

  it('triggers one event for each new notification that its person can see', async () => {
    const visible = row(randomUUID(), true);
    const message = changed('user_notification', 'c', null, visible);
    await expectSuccessfulBackground(notifications, message);
    await expectSuccessfulBackground(notifications, message);
    await expectSuccessfulBackground(
      notifications,
      changed('user_notification', 'c', null, row(randomUUID(), false)),
    );
    await expectSuccessfulBackground(
      notifications,
      changed('user_notification', 'u', visible, {
        ...visible,
        read_at: '2026-01-02T00:00:00.000000Z',
      }),
    );
    await expectSuccessfulBackground(
      notifications,
      changed('user_notification', 'd', visible, null),
    );
    expect(await events()).toEqual([
      { notificationId: visible.notification_id, userId: visible.user_id },
    ]);
  });
});
