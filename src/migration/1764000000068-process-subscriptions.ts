import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a process does for each subscription that it serves, since it started. */
export class ProcessSubscriptions1764000000068 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `alter table process_report add column subscriptions jsonb not null default '{}'`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'alter table process_report drop column subscriptions',
    );
  }
}
