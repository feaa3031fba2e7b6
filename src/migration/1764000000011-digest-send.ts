import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DigestSend1764000000011 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`create table digest_send (
      user_id uuid not null references "user" (id) on delete cascade,
      period text not null,
      planned_at timestamptz not null default now(),
      outcome text check (outcome in ('sent', 'nothing-new', 'unsubscribed')),
      settled_at timestamptz,
      primary key (user_id, period)
    )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table digest_send');
  }
}
