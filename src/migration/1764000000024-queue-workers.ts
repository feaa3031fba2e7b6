import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is known of the past of every schedule. */
const scheduleTable = `create table schedule (
  name text primary key,
  expression text not null,
  timezone text not null,
  handled_until timestamptz not null,
  last_tick timestamptz,
  seen_at timestamptz not null
)`;

export class QueueWorkers1764000000024 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(scheduleTable);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table schedule');
  }
}
