import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CrmContact1764000000042 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // No reference to the user: it stands for another system, which does not notice by itself who is gone.
    await queryRunner.query(
      `create table crm_contact (
        id uuid primary key,
        email text not null,
        name text not null,
        username text not null,
        timezone text not null,
        synced_at timestamptz not null default now()
      )`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table crm_contact');
  }
}
