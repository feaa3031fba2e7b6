import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Infrastructure1764000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      create table outbox (
        id uuid primary key,
        topic text not null check (topic <> ''),
        ordering_key text not null check (ordering_key <> '' and octet_length(ordering_key) <= 1024),
        type text not null,
        payload bytea not null check (octet_length(payload) <= 9437184),
        traceparent text,
        cause text,
        created_at timestamptz not null default now()
      )`);
    await queryRunner.query(`
      create index outbox_created_at on outbox (created_at)`);
    await queryRunner.query(`
      create table inbox (
        subscription text not null,
        event_id text not null,
        received_at timestamptz not null default now(),
        primary key (subscription, event_id)
      )`);
    await queryRunner.query(`
      create index inbox_received_at on inbox (received_at)`);
    await queryRunner.query(`
      create table delivery_failure (
        subscription text not null,
        event_id text not null,
        failures int not null check (failures > 0),
        last_failed_at timestamptz not null default now(),
        primary key (subscription, event_id)
      )`);
    await queryRunner.query(`
      create table dead_letter (
        id uuid primary key,
        source text not null check (source in ('pubsub', 'job', 'flow', 'outbox', 'cdc')),
        subscription text not null,
        topic text not null,
        identity text not null,
        message_id text,
        publish_time timestamptz,
        ordering_key text not null default '',
        payload bytea not null,
        attributes jsonb not null,
        error text not null,
        error_stack text,
        attempts int not null check (attempts >= 0),
        state text not null default 'open' check (state in ('open', 'redriven', 'resolved')),
        first_seen_at timestamptz not null default now(),
        last_seen_at timestamptz not null default now(),
        constraint dead_letter_identity unique (source, subscription, identity)
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'drop table dead_letter, delivery_failure, inbox, outbox',
    );
  }
}
