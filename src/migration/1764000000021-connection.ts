import type { MigrationInterface, QueryRunner } from 'typeorm';

const up = [
  `create table connection (
    id uuid primary key,
    source_id uuid not null references source (id) on delete cascade,
    author_id uuid not null references "user" (id) on delete cascade,
    url text not null check (url ~ '^https?://'),
    etag text,
    last_modified text,
    last_attempted_at timestamptz,
    last_synced_at timestamptz,
    last_error text,
    consecutive_failures int not null default 0 check (consecutive_failures >= 0),
    disabled_at timestamptz,
    lease_token uuid,
    lease_job_id text,
    lease_until timestamptz,
    requested_at timestamptz,
    hub_url text,
    hub_topic text,
    hub_secret text,
    hub_requested_at timestamptz,
    hub_expires_at timestamptz,
    hub_error text,
    created_at timestamptz not null default now(),
    constraint connection_source_url unique (source_id, url),
    check ((lease_token is null) = (lease_until is null) and (lease_token is null) = (lease_job_id is null))
  )`,
  'create index connection_author_id on connection (author_id)',
  // Those that are due are read from the one that waits longest.
  `create index connection_due on connection (coalesce(last_attempted_at, '-infinity'), id)
    where disabled_at is null`,
  `create table connection_item (
    connection_id uuid not null references connection (id) on delete cascade,
    item_id text not null check (item_id <> ''),
    post_id uuid references post (id) on delete set null,
    content_hash text not null,
    created_at timestamptz not null default now(),
    primary key (connection_id, item_id)
  )`,
  'create index connection_item_post_id on connection_item (post_id)',
];

export class Connection1764000000021 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of up) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table connection_item, connection');
  }
}
