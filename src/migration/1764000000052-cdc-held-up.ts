import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a streamer cannot publish at present, for the doctor. */
export const heldUpSql = `
  create table cdc_held_up (
    slot text not null,
    topic text not null,
    reason text not null,
    keys integer not null,
    since timestamptz not null,
    seen_at timestamptz not null default now(),
    primary key (slot, topic)
  )`;

export class CdcHeldUp1764000000052 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(heldUpSql);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table cdc_held_up');
  }
}
