import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What operators do to many things at once: the action, and each thing that it touches. The things are chosen when it
 * begins, so that what fails meanwhile is not drawn in, and each is touched once.
 */
export class BulkActions1764000000062 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [
      `create table bulk_action (
         id uuid primary key,
         kind text not null,
         filter jsonb not null,
         actor text not null,
         reason text not null,
         rate int not null,
         state text not null default 'running'
           check (state in ('running', 'cancelling', 'completed', 'cancelled')),
         total int not null,
         done int not null default 0,
         failed int not null default 0,
         skipped int not null default 0,
         job_id uuid,
         created_at timestamptz not null default now(),
         ended_at timestamptz
       )`,
      'create index bulk_action_ended_at on bulk_action (ended_at) where ended_at is not null',
      // Without an outcome nobody has begun with it; of one that is begun, job and attempt say who has it in hand.
      `create table bulk_item (
         action_id uuid not null references bulk_action (id) on delete cascade,
         position int not null,
         item uuid not null,
         outcome text check (outcome in ('begun', 'done', 'failed', 'skipped')),
         detail text,
         job_id uuid,
         attempt int,
         primary key (action_id, position)
       )`,
      `create index bulk_item_left on bulk_item (action_id, position) where outcome is null or outcome = 'begun'`,
    ])
      await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table bulk_item, bulk_action');
  }
}
