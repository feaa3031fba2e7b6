/** Marks the file as ours: "NsPS". */
export const APPLICATION_ID = 0x4e735053;

/** Raised with every change of {@link SCHEMA} that an older server would misread. */
export const SCHEMA_VERSION = 1;

/**
 * What a subscription or snapshot ("holder") still holds is stored as what it does not: of the messages
 * of its topic from `base_id` on, and those before it that `held_ids` names, all but the ranges in
 * `finished`. So an acknowledgement in publish order makes one row longer, and a message none.
 *
 * `topic` is a number of its own, because a topic may be deleted and one of the same name made
 * while subscriptions of the first still hold its messages. Resources and policies are encoded
 * Protobuf, the request as the publisher sent it.
 */
export const SCHEMA = `
  create table topic (
    key integer primary key,
    name text not null unique,
    resource blob not null,
    keeps_from integer
  ) strict;
  create table holder (
    key integer primary key,
    kind text not null check (kind in ('subscription', 'snapshot')),
    name text not null,
    topic integer not null,
    resource blob not null,
    base_id integer not null,
    held_ids blob not null,
    retains_from integer,
    unique (kind, name)
  ) strict;
  create table batch (
    first_id integer primary key,
    count integer not null,
    topic integer not null,
    publish_time integer not null,
    checksum integer not null,
    request blob not null
  ) strict;
  create table finished (
    holder integer not null,
    first_id integer not null,
    last_id integer not null,
    primary key (holder, first_id)
  ) strict, without rowid;
  create table failure (
    holder integer not null,
    message_id integer not null,
    deliveries integer not null,
    failures integer not null,
    primary key (holder, message_id)
  ) strict, without rowid;
  create table policy (
    resource text primary key,
    policy blob not null
  ) strict, without rowid;
  create table progress (
    only integer primary key check (only = 1),
    next_message_id integer not null
  ) strict;
  insert into progress values (1, 0);
`;

/** Every change a job may consist of, by name. */
export const STATEMENTS = {
  saveTopic: `insert into topic (key, name, resource, keeps_from) values (?, ?, ?, ?)
    on conflict (key) do update set resource = excluded.resource, keeps_from = excluded.keeps_from`,
  deleteTopic: 'delete from topic where key = ?',
  createHolder: `insert into holder (key, kind, name, topic, resource, base_id, held_ids, retains_from)
    values (?, ?, ?, ?, ?, ?, ?, ?)`,
  saveHolder: 'update holder set resource = ?, retains_from = ? where key = ?',
  rewriteHolder: 'update holder set base_id = ?, held_ids = ? where key = ?',
  deleteHolder: 'delete from holder where key = ?',
  forgetFinished: 'delete from finished where holder = ?',
  addFinished:
    'insert into finished (holder, first_id, last_id) values (?, ?, ?)',
  extendFinished:
    'update finished set last_id = ? where holder = ? and first_id = ?',
  removeFinished: 'delete from finished where holder = ? and first_id = ?',
  saveFailure: `insert into failure (holder, message_id, deliveries, failures) values (?, ?, ?, ?)
    on conflict (holder, message_id) do update set deliveries = excluded.deliveries, failures = excluded.failures`,
  forgetFailure: 'delete from failure where holder = ? and message_id = ?',
  forgetFailures: 'delete from failure where holder = ?',
  savePolicy: `insert into policy (resource, policy) values (?, ?)
    on conflict (resource) do update set policy = excluded.policy`,
  forgetPolicy: 'delete from policy where resource = ?',
  deleteBatches: 'delete from batch where first_id between ? and ?',
  continueIds: 'update progress set next_message_id = max(next_message_id, ?)',
} as const;

export type StatementName = keyof typeof STATEMENTS;
