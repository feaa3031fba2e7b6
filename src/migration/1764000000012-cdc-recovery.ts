import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables by which a lost slot is recovered. */
export const recoverySql = [
  `create table cdc_position (
     slot text primary key,
     confirmed_lsn text not null,
     healthy_at timestamptz not null
   )`,
  `create table cdc_recovery (
     slot text primary key,
     since timestamptz,
     started_at timestamptz not null default now(),
     finished_at timestamptz,
     events bigint
   )`,
];

export class CdcRecovery1764000000012 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of recoverySql) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table cdc_recovery');
    await queryRunner.query('drop table cdc_position');
  }
}
