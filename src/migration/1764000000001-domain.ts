import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = [
  `create table "user" (
    id uuid primary key,
    username text not null check (char_length(username) between 1 and 64),
    name text not null,
    email text not null check (email <> ''),
    timezone text not null default 'Etc/UTC',
    reputation int not null default 10,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint user_username unique (username),
    constraint user_email unique (email)
  )`,
  `create table source (
    id uuid primary key,
    handle text not null check (handle <> ''),
    name text not null,
    created_at timestamptz not null default now(),
    constraint source_handle unique (handle)
  )`,
  `create table post (
    id uuid primary key,
    source_id uuid not null references source (id),
    author_id uuid not null references "user" (id) on delete cascade,
    title text not null check (title <> ''),
    content text not null,
    upvotes int not null default 0 check (upvotes >= 0),
    comments int not null default 0 check (comments >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  )`,
  `create table comment (
    id uuid primary key,
    post_id uuid not null references post (id) on delete cascade,
    user_id uuid not null references "user" (id) on delete cascade,
    parent_id uuid references comment (id) on delete cascade check (parent_id <> id),
    content text not null check (content <> ''),
    content_html text not null default '',
    upvotes int not null default 0 check (upvotes >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  )`,
  `create table post_vote (
    post_id uuid not null references post (id) on delete cascade,
    user_id uuid not null references "user" (id) on delete cascade,
    vote smallint not null check (vote in (1, 0, -1)),
    voted_at timestamptz not null default now(),
    primary key (post_id, user_id)
  )`,
  `create table comment_vote (
    comment_id uuid not null references comment (id) on delete cascade,
    user_id uuid not null references "user" (id) on delete cascade,
    vote smallint not null check (vote in (1, 0, -1)),
    voted_at timestamptz not null default now(),
    primary key (comment_id, user_id)
  )`,
  `create table reputation_event (
    grant_to_id uuid not null references "user" (id) on delete cascade,
    target_type text not null check (target_type in ('post', 'comment')),
    target_id uuid not null,
    grant_by_id uuid not null references "user" (id) on delete cascade,
    reason text not null check (reason in ('upvote')),
    amount int not null,
    created_at timestamptz not null default now(),
    primary key (grant_to_id, target_type, target_id, grant_by_id, reason)
  )`,
  `create table notification_v2 (
    id uuid primary key,
    type text not null check (type <> ''),
    reference_id text not null,
    unique_key text not null,
    title text not null,
    body text,
    target_url text not null,
    cause text,
    created_at timestamptz not null default now(),
    constraint notification_v2_identity unique (type, reference_id, unique_key)
  )`,
  `create table user_notification (
    notification_id uuid not null references notification_v2 (id) on delete cascade,
    user_id uuid not null references "user" (id) on delete cascade,
    read_at timestamptz,
    public bool not null default true,
    created_at timestamptz not null default now(),
    primary key (notification_id, user_id)
  )`,
  `create table sent_message (
    id uuid primary key,
    channel text not null check (channel in ('mail', 'push')),
    recipient_id uuid not null references "user" (id) on delete cascade,
    notification_id uuid references notification_v2 (id) on delete set null,
    subject text not null,
    body text not null,
    idempotency_key text not null,
    created_at timestamptz not null default now(),
    constraint sent_message_idempotency_key unique (idempotency_key)
  )`,
  `create table digest_subscription (
    user_id uuid primary key references "user" (id) on delete cascade,
    frequency text not null check (frequency in ('daily', 'workdays', 'weekly')),
    preferred_hour int not null check (preferred_hour between 0 and 23),
    created_at timestamptz not null default now()
  )`,
  `create table opportunity (
    id uuid primary key,
    title text not null,
    state text not null,
    created_at timestamptz not null default now()
  )`,
  `create table opportunity_match (
    opportunity_id uuid not null references opportunity (id) on delete cascade,
    user_id uuid not null references "user" (id) on delete cascade,
    description text not null,
    rank float8 not null,
    status text not null,
    updated_at timestamptz not null,
    primary key (opportunity_id, user_id)
  )`,
  `create table experiment_allocation (
    user_id uuid not null references "user" (id) on delete cascade,
    experiment_key text not null,
    variation text not null,
    allocated_at timestamptz not null default now(),
    primary key (user_id, experiment_key)
  )`,
];

const indexes = [
  // Pages go by id: ids are UUIDv7, so that their order is the order of creation.
  'create index post_source_id on post (source_id, id)',
  'create index post_author_id on post (author_id, id)',
  'create index comment_post_id on comment (post_id, id)',
  'create index comment_parent_id on comment (parent_id, id)',
  'create index comment_user_id on comment (user_id)',
  'create index user_notification_user_id on user_notification (user_id, notification_id)',
  // Recounts read only what counts.
  'create index post_vote_upvotes on post_vote (post_id) where vote = 1',
  'create index comment_vote_upvotes on comment_vote (comment_id) where vote = 1',
  // Rows that go when their person goes.
  'create index post_vote_user_id on post_vote (user_id)',
  'create index comment_vote_user_id on comment_vote (user_id)',
  'create index reputation_event_grant_by_id on reputation_event (grant_by_id)',
  'create index sent_message_recipient_id on sent_message (recipient_id)',
  'create index sent_message_notification_id on sent_message (notification_id)',
  'create index opportunity_match_user_id on opportunity_match (user_id)',
];

export class Domain1764000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [...tables, ...indexes])
      await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `drop table experiment_allocation, opportunity_match, opportunity,
        digest_subscription, sent_message, user_notification, notification_v2,
        reputation_event, comment_vote, post_vote, comment, post, source, "user"`,
    );
  }
}
