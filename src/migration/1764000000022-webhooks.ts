import type { MigrationInterface, QueryRunner } from 'typeorm';

const up = [
  `create table webhook_endpoint (
    id uuid primary key,
    user_id uuid not null references "user" (id) on delete cascade,
    url text not null check (url <> ''),
    secret text not null check (secret <> ''),
    previous_secret text,
    previous_secret_until timestamptz,
    enabled bool not null default true,
    disabled_at timestamptz,
    disabled_reason text,
    consecutive_failures int not null default 0,
    failing_since timestamptz,
    created_at timestamptz not null default now()
  )`,
  'create index webhook_endpoint_user_id on webhook_endpoint (user_id)',
  // json, not jsonb: what is signed and sent is the text as it was written.
  `create table webhook_deliveries (
    id uuid primary key,
    endpoint_id uuid not null references webhook_endpoint (id) on delete cascade,
    event_type text not null check (event_type <> ''),
    event_id text not null check (event_id <> ''),
    payload json not null,
    state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
    attempts int not null default 0,
    job_id uuid,
    jobs int not null default 1,
    response_status int,
    response_body text,
    error text,
    created_at timestamptz not null default now(),
    last_attempted_at timestamptz,
    settled_at timestamptz,
    constraint webhook_deliveries_event unique (endpoint_id, event_id)
  )`,
  `create index webhook_deliveries_pending on webhook_deliveries (id) where state = 'pending'`,
  'create index webhook_deliveries_endpoint_id on webhook_deliveries (endpoint_id, id)',
  // A mail may have HTML beside its text.
  'alter table sent_message add column html text',
];

const down = [
  'alter table sent_message drop column html',
  'drop table webhook_deliveries, webhook_endpoint',
];

export class Webhooks1764000000022 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of up) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of down) await queryRunner.query(statement);
  }
}
