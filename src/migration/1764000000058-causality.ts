import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is recorded of deliveries and row changes, and how to get from a cause to what followed from it. */
export const causalitySql = [
  // One row an attempt that ran. The key makes a batch that is written again harmless.
  `create table delivery (
     event_id text not null,
     subscription text not null,
     started_at timestamptz not null,
     finished_at timestamptz not null,
     received_at timestamptz,
     published_at timestamptz not null,
     topic text not null,
     message_id text not null,
     attempt int not null,
     copies int not null,
     outcome text not null check (outcome in ('ack', 'nack', 'dead-letter', 'duplicate')),
     failure text,
     error text,
     cause text,
     share real not null,
     primary key (event_id, subscription, started_at)
   )`,
  `create index delivery_finished_at on delivery (finished_at)`,
  `create index delivery_cause on delivery (cause) where cause is not null`,
  `create table row_change (
     id uuid primary key,
     table_name text not null,
     key text not null,
     op text not null check (op in ('c', 'u', 'd')),
     lsn bigint,
     transaction_id bigint,
     committed_at timestamptz not null,
     decoded_at timestamptz not null
   )`,
  `create index row_change_row on row_change (table_name, key text_pattern_ops, committed_at)`,
  `create index row_change_transaction on row_change (transaction_id)`,
  `create index row_change_committed_at on row_change (committed_at)`,
  `create index outbox_cause on outbox (cause) where cause is not null`,
  // Jobs of flows are found by their tasks.
  `create index job_cause on job (cause) where cause is not null and name not like 'flow %'`,
  `create index jobs_completed_cause on jobs_completed (cause) where cause is not null and name not like 'flow %'`,
  `create index notification_v2_cause on notification_v2 (cause) where cause is not null`,
  // One event has several handlers: which of them it was.
  `alter table notification_v2 add handler text`,
  `alter table sent_message add cause text, add handler text`,
  `create index sent_message_cause on sent_message (cause) where cause is not null`,
  `alter table webhook_deliveries add cause text`,
  `create index webhook_deliveries_cause on webhook_deliveries (cause) where cause is not null`,
];

export class Causality1764000000058 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of causalitySql) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('alter table webhook_deliveries drop cause');
    await queryRunner.query(
      'alter table sent_message drop cause, drop handler',
    );
    await queryRunner.query('alter table notification_v2 drop handler');
    await queryRunner.query(
      `drop index outbox_cause, job_cause, jobs_completed_cause, notification_v2_cause`,
    );
    await queryRunner.query('drop table row_change, delivery');
  }
}
