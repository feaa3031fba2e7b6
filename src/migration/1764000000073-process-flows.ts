import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The flows, as `name@version`, whose runs a process can go on with. */
export class ProcessFlows1764000000073 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `alter table process_report add column flows text[] not null default '{}'`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('alter table process_report drop column flows');
  }
}
