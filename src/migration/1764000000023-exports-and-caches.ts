import type { MigrationInterface, QueryRunner } from 'typeorm';

const exportsUp = [
  // Without its person an export stays, until retention has deleted its object.
  `create table export (
    id uuid primary key,
    user_id uuid references "user" (id) on delete set null,
    kind text not null check (kind <> ''),
    format text not null check (format in ('csv', 'pdf')),
    state text not null default 'requested' check (state in ('requested', 'running', 'ready', 'failed')),
    object_key text not null,
    rows int,
    bytes bigint,
    error text,
    requested_at timestamptz not null default now(),
    finished_at timestamptz,
    constraint export_object_key unique (object_key)
  )`,
  'create index export_user_id on export (user_id, id)',
  'create index export_requested_at on export (requested_at)',
  // A person's comments are read in pages by id.
  'drop index comment_user_id',
  'create index comment_user_id on comment (user_id, id)',
];

const cacheUp = [
  `create table cache_entry (
    key text primary key check (key <> ''),
    value jsonb not null,
    computed_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > computed_at)
  )`,
  // What came lately is counted by its time; nearly all rows come in the order of it, and casting a vote
  // stays as cheap as it was.
  'create index post_vote_voted_at on post_vote using brin (voted_at)',
  'create index post_view_viewed_at on post_view using brin (viewed_at)',
  'create index user_created_at on "user" using brin (created_at)',
  'create index post_created_at on post using brin (created_at)',
  'create index comment_created_at on comment using brin (created_at)',
];

const reconciliationUp = [
  `create table reconciliation_report (
    id uuid primary key,
    counter text not null check (counter <> ''),
    repair bool not null,
    reached uuid,
    checked bigint not null default 0,
    differing bigint not null default 0,
    repaired bigint not null default 0,
    started_at timestamptz not null default now(),
    finished_at timestamptz
  )`,
  'create index reconciliation_report_started_at on reconciliation_report (started_at)',
  `create table reconciliation_difference (
    report_id uuid not null references reconciliation_report (id) on delete cascade,
    row_id uuid not null,
    stored bigint not null,
    counted bigint not null,
    repaired bool not null,
    primary key (report_id, row_id)
  )`,
];

/**
 * The audit log stays append-only but for one function, which deletes what is old: by its setting the
 * triggers know it. Whoever sets that by hand still cannot delete a line of the last day, and no update
 * or truncation ever passes. A role that does not own the table needs the right to execute the function
 * and none to delete.
 */
const auditUp = [
  'drop trigger audit_log_append_only on audit_log',
  `create trigger audit_log_append_only before update or truncate on audit_log
    for each statement execute function refuse_change()`,
  `create function refuse_deletion_unless_old() returns trigger language plpgsql as $$
    declare
      cutoff text := coalesce(current_setting('nightshift.audit_log_cutoff', true), '');
    begin
      if cutoff = '' then
        raise exception '% is append-only: only delete_old_audit_log() deletes, and only what is old', tg_table_name
          using errcode = 'insufficient_privilege';
      end if;
      if tg_level = 'STATEMENT' then
        return null;
      end if;
      if old.created_at >= least(cutoff::timestamptz, now() - interval '1 day') then
        raise exception 'a line of % from % is too young to be deleted', tg_table_name, old.created_at
          using errcode = 'insufficient_privilege';
      end if;
      return old;
    end
  $$`,
  // The statement's trigger refuses at once, also where no row is met.
  `create trigger audit_log_deletion before delete on audit_log
    for each statement execute function refuse_deletion_unless_old()`,
  `create trigger audit_log_row_deletion before delete on audit_log
    for each row execute function refuse_deletion_unless_old()`,
  `create function delete_old_audit_log(cutoff timestamptz, most int) returns int
    language plpgsql security definer set search_path = pg_catalog, public as $$
    declare
      deleted int;
    begin
      if cutoff is null or cutoff > now() - interval '1 day' then
        raise exception 'expected a cutoff of a day ago or earlier, got: %', cutoff
          using errcode = 'invalid_parameter_value';
      end if;
      if most is null or most not between 1 and 100000 then
        raise exception 'expected most to be between 1 and 100000, got: %', most
          using errcode = 'invalid_parameter_value';
      end if;
      perform set_config('nightshift.audit_log_cutoff', cutoff::text, true);
      delete from audit_log where id in (
        select id from audit_log where created_at < cutoff order by created_at, id limit most
        for update skip locked);
      get diagnostics deleted = row_count;
      perform set_config('nightshift.audit_log_cutoff', '', true);
      return deleted;
    end
  $$`,
  'revoke all on function delete_old_audit_log(timestamptz, int) from public',
];

const retentionUp = [
  'create index user_notification_created_at on user_notification (created_at)',
  'create index notification_v2_created_at on notification_v2 (created_at)',
  'create index sent_message_created_at on sent_message (created_at)',
  `create index webhook_deliveries_settled_at on webhook_deliveries (settled_at)
    where settled_at is not null`,
  `create index dead_letter_settled on dead_letter (coalesce(state_changed_at, last_seen_at))
    where state <> 'open'`,
];

const down = [
  `drop index dead_letter_settled, webhook_deliveries_settled_at, sent_message_created_at, notification_v2_created_at,
    user_notification_created_at`,
  'drop function delete_old_audit_log(timestamptz, int)',
  'drop trigger audit_log_row_deletion on audit_log',
  'drop trigger audit_log_deletion on audit_log',
  'drop function refuse_deletion_unless_old()',
  'drop trigger audit_log_append_only on audit_log',
  `create trigger audit_log_append_only before update or delete or truncate on audit_log
    for each statement execute function refuse_change()`,
  'drop table reconciliation_difference, reconciliation_report',
  `drop index comment_created_at, post_created_at, user_created_at, post_view_viewed_at,
    post_vote_voted_at`,
  'drop table cache_entry',
  'drop index comment_user_id',
  'create index comment_user_id on comment (user_id)',
  'drop table export',
];

export class ExportsAndCaches1764000000023 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [
      ...exportsUp,
      ...cacheUp,
      ...reconciliationUp,
      ...auditUp,
      ...retentionUp,
    ])
      await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of down) await queryRunner.query(statement);
  }
}
