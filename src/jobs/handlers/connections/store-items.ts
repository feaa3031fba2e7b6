import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import type { FeedItem } from './item.ts';
import type { SyncedConnection } from './lease.ts';

/** Items of one statement. */
const batchSize = 200;

/** What became of the items of a feed. */
export interface StoredItems {
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
}

interface KnownItem {
  readonly itemId: string;
  readonly postId: string | null;
  readonly contentHash: string;
}

const column = <Row, Value>(
  rows: readonly Row[],
  value: (row: Row) => Value,
): Value[] => rows.map(value);

const createPosts = async (
  manager: EntityManager,
  { id, sourceId, authorId }: SyncedConnection,
  items: readonly FeedItem[],
): Promise<void> => {
  const now = Date.now();
  const posts = items.map((item) => {
    // Clocks of feeds go wrong; a post from the future would stay on top of every page.
    const createdAt = Math.min(item.publishedAt ?? now, now);
    return { item, createdAt, postId: uuidv7({ msecs: createdAt }) };
  });
  await manager.query(
    `insert into post (id, source_id, author_id, title, content, created_at)
     select id, $1, $2, title, content, created_at
     from unnest($3::uuid[], $4::text[], $5::text[], $6::timestamptz[]) as item (id, title, content, created_at)`,
    [
      sourceId,
      authorId,
      column(posts, ({ postId }) => postId),
      column(posts, ({ item }) => item.title),
      column(posts, ({ item }) => item.content),
      column(posts, ({ createdAt }) => new Date(createdAt)),
    ],
  );
  await manager.query(
    `insert into connection_item (connection_id, item_id, post_id, content_hash)
     select $1, item_id, post_id, content_hash
     from unnest($2::text[], $3::uuid[], $4::text[]) as item (item_id, post_id, content_hash)`,
    [
      id,
      column(posts, ({ item }) => item.id),
      column(posts, ({ postId }) => postId),
      column(posts, ({ item }) => item.contentHash),
    ],
  );
};

const changePosts = async (
  manager: EntityManager,
  { id }: SyncedConnection,
  items: readonly { readonly item: FeedItem; readonly postId: string | null }[],
): Promise<void> => {
  // In one order, so that this meets no other writer of posts halfway.
  const living = items
    .filter(({ postId }) => postId !== null)
    .sort((a, b) => (String(a.postId) < String(b.postId) ? -1 : 1));
  await manager.query(
    `with item as (
       select * from unnest($1::uuid[], $2::text[], $3::text[]) as item (post_id, title, content)
     ), locked as (
       select post.id from post join item on item.post_id = post.id order by post.id for no key update of post
     )
     update post set title = item.title, content = item.content, updated_at = now()
     from item join locked on locked.id = item.post_id where post.id = locked.id`,
    [
      column(living, ({ postId }) => postId),
      column(living, ({ item }) => item.title),
      column(living, ({ item }) => item.content),
    ],
  );
  await manager.query(
    `update connection_item set content_hash = item.content_hash
     from unnest($2::text[], $3::text[]) as item (item_id, content_hash)
     where connection_item.connection_id = $1 and connection_item.item_id = item.item_id`,
    [
      id,
      column(items, ({ item }) => item.id),
      column(items, ({ item }) => item.contentHash),
    ],
  );
};

const storeBatch = async (
  manager: EntityManager,
  connection: SyncedConnection,
  items: readonly FeedItem[],
): Promise<StoredItems> => {
  const known = await manager.query<KnownItem[]>(
    `select item_id as "itemId", post_id as "postId", content_hash as "contentHash"
     from connection_item where connection_id = $1 and item_id = any ($2::text[])`,
    [connection.id, column(items, ({ id }) => id)],
  );
  const byId = new Map(known.map((item) => [item.itemId, item]));
  const created = items.filter(({ id }) => !byId.has(id));
  const changed = items.flatMap((item) => {
    const before = byId.get(item.id);
    return before && before.contentHash !== item.contentHash
      ? [{ item, postId: before.postId }]
      : [];
  });
  if (created.length > 0) await createPosts(manager, connection, created);
  if (changed.length > 0) await changePosts(manager, connection, changed);
  return {
    created: created.length,
    changed: changed.length,
    unchanged: items.length - created.length - changed.length,
  };
};

/**
 * Makes posts of items that are new and changes the posts of those that changed, in the transaction of
 * `manager`, in which the connection's row is locked. The second time it does nothing. Posts that were
 * deleted do not come back.
 */
export const storeItems = async (
  manager: EntityManager,
  connection: SyncedConnection,
  items: readonly FeedItem[],
): Promise<StoredItems> => {
  let stored: StoredItems = { created: 0, changed: 0, unchanged: 0 };
  for (let begin = 0; begin < items.length; begin += batchSize) {
    const batch = await storeBatch(
      manager,
      connection,
      items.slice(begin, begin + batchSize),
    );
    stored = {
      created: stored.created + batch.created,
      changed: stored.changed + batch.changed,
      unchanged: stored.unchanged + batch.unchanged,
    };
  }
  return stored;
};
