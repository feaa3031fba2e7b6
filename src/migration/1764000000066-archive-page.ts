import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Pages of the archive by queue, by name and by both: where only one is asked for, each of the few values of the other
 * is looked up by itself. One more entry in one more index is what an archived job pays for it.
 */
export class ArchivePage1764000000066 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'create index jobs_completed_page on jobs_completed (queue, name, finished_at, id)',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop index jobs_completed_page');
  }
}
