/** Chains from a row to a mail, and what one event leads to that leads to very much. */
const chains = 100_000;
const effects = 5_000;

/** A UUID of a chain's part. */
const of = (part: string, i = 'i'): string => `md5('${part}' || ${i})::uuid`;

/** The event of all that has one cause. */
export const prolific = '019427be-c000-7d9b-a98f-2dc78456a525';

const made = `(select i, now() - i * interval '7 days' / ${chains} as at from generate_series(1, ${chains}) as i) as made`;
/** Every tenth chain goes on to somebody who is told. */
const told = `${made} where i % 10 = 0`;

const changes = (part: string, table: string, key: string, from: string) => `
  insert into row_change (id, table_name, key, op, lsn, transaction_id, committed_at, decoded_at)
  select ${of(part)}, '${table}', ${key}, 'c', i * 100, i, at, at + interval '5 ms' from ${from}`;

const events = (part: string, topic: string, cause: string, from: string) => `
  insert into outbox (id, topic, ordering_key, type, payload, cause, created_at)
  select ${of(part)}, '${topic}', i::text, '${topic}', '{}', ${cause}, at + interval '10 ms' from ${from}`;

const deliveries = (
  part: string,
  topic: string,
  subscription: string,
  from: string,
) => `
  insert into delivery (event_id, subscription, started_at, finished_at, received_at, published_at, topic, message_id, attempt,
    copies, outcome, share)
  select (${of(part)})::text, '${subscription}', at + interval '20 ms', at + interval '25 ms', at + interval '19 ms', at, '${topic}',
    i::text, 1, 1, 'ack', 1 from ${from}`;

/** What a hundred thousand votes led to in a week. */
export const causality: readonly string[] = [
  changes('row', 'post_vote', `${of('post')} || ',' || ${of('voter')}`, made),
  deliveries('row', 'api.changes', 'api-cdc', made),
  events('event', 'post-upvoted', `(${of('row')})::text`, made),
  deliveries('event', 'post-upvoted', 'post-upvoted-rep', made),
  deliveries(
    'event',
    'post-upvoted',
    'api.article-upvote-milestone-notification',
    made,
  ),
  `insert into inbox (subscription, event_id, received_at) select 'post-upvoted-rep', (${of('event')})::text, at from ${made}`,
  `insert into notification_v2 (id, type, reference_id, unique_key, title, target_url, cause, handler, created_at)
   select ${of('told')}, 'article_upvote_milestone', i::text, '1', 'A milestone', '/', (${of('event')})::text,
     'api.article-upvote-milestone-notification', at from ${told}`,
  changes(
    'telling',
    'user_notification',
    `${of('told')} || ',' || ${of('voter')}`,
    told,
  ),
  deliveries(
    'telling',
    'api.v1.cdc-notifications',
    'api.cdc-notifications',
    told,
  ),
  events('new', 'api.v1.new-notification', `(${of('telling')})::text`, told),
  deliveries(
    'new',
    'api.v1.new-notification',
    'api.new-notification-mail',
    told,
  ),
  `insert into sent_message (id, channel, recipient_id, notification_id, subject, body, idempotency_key, cause, handler, created_at)
   select ${of('mail')}, 'mail', (select id from "user" limit 1), ${of('told')}, 'A milestone', '/', 'mail.' || i, (${of('new')})::text,
     'api.new-notification-mail', at from ${told}`,
  `insert into outbox (id, topic, ordering_key, type, payload, cause)
   select ${of('effect')}, 'user-updated', 'k', 'user-updated', '', '${prolific}' from generate_series(1, ${effects}) as i`,
];
