import type { MigrationInterface, QueryRunner } from 'typeorm';

const states = (...names: string[]): string =>
  `alter table jobs_completed add constraint jobs_completed_state_check
     check (state in (${names.map((name) => `'${name}'`).join(', ')})) not valid`;

/**
 * Jobs that an operator cancelled. One that ran keeps its row, and so its lane, until the lease of its process has
 * ended. Validated apart from being added, so that nobody waits for the look at the whole archive.
 */
export class JobCancel1764000000061 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [
      'alter table job add column cancelled_at timestamptz, add column cancelled_why text',
      'alter table jobs_completed drop constraint jobs_completed_state_check',
      states('completed', 'failed', 'cancelled'),
      'alter table jobs_completed validate constraint jobs_completed_state_check',
      `create index jobs_completed_cancelled on jobs_completed (finished_at, id) where state = 'cancelled'`,
    ])
      await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [
      'drop index jobs_completed_cancelled',
      `delete from jobs_completed where state = 'cancelled'`,
      'alter table jobs_completed drop constraint jobs_completed_state_check',
      states('completed', 'failed'),
      'alter table job drop column cancelled_at, drop column cancelled_why',
    ])
      await queryRunner.query(statement);
  }
}
