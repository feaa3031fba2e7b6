import type { MigrationInterface, QueryRunner } from 'typeorm';

const up = [
  `alter table dead_letter
    add event_id text,
    add document jsonb,
    add fingerprint text not null default '',
    add redrives int not null default 0 check (redrives >= 0),
    add state_changed_at timestamptz,
    add state_changed_by text,
    add state_reason text,
    add forwarded_id text,
    add erased_at timestamptz`,
  // Errors of entries from before fingerprints are the same only if they are so to the letter.
  `update dead_letter set fingerprint = left(encode(sha256(convert_to(error, 'UTF8')), 'hex'), 12)`,
  `create index dead_letter_state on dead_letter (state, subscription)`,
  `create index dead_letter_fingerprint on dead_letter (fingerprint)`,
  `create index dead_letter_last_seen_at on dead_letter (last_seen_at)`,
  `create index dead_letter_document on dead_letter using gin (document jsonb_path_ops)`,
  `create table audit_log (
    id uuid primary key,
    operation uuid not null,
    action text not null check (action <> ''),
    actor text not null check (actor <> ''),
    reason text,
    filter jsonb not null,
    counts jsonb not null,
    created_at timestamptz not null default now()
  )`,
  `create index audit_log_created_at on audit_log (created_at, id)`,
  `create function refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception '% is append-only: rows are added and never changed', tg_table_name
        using errcode = 'insufficient_privilege';
    end
  $$`,
  `create trigger audit_log_append_only before update or delete or truncate on audit_log
    for each statement execute function refuse_change()`,
];

const down = [
  'drop table audit_log',
  'drop function refuse_change()',
  `drop index dead_letter_state, dead_letter_fingerprint, dead_letter_last_seen_at, dead_letter_document`,
  `alter table dead_letter
    drop event_id, drop document, drop fingerprint, drop redrives, drop state_changed_at,
    drop state_changed_by, drop state_reason, drop forwarded_id, drop erased_at`,
];

export class DeadLetterDesk1764000000003 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of up) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of down) await queryRunner.query(statement);
  }
}
