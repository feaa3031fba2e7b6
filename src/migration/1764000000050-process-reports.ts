import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What processes tell of themselves every few seconds, for an hour. Unlogged: after a crash of Postgres the
 * processes tell it again, and nobody has to decode what they tell.
 */
export const processReportsSql = [
  `create unlogged table process_report (
     id uuid primary key,
     name text not null,
     host text not null,
     pid int not null,
     started_at timestamptz not null,
     seen_at timestamptz not null,
     stopped_at timestamptz
   )`,
  `create unlogged table process_sample (
     process_id uuid not null references process_report on delete cascade,
     at timestamptz not null,
     seconds double precision not null,
     counts jsonb not null,
     waited jsonb not null,
     ran jsonb not null,
     primary key (process_id, at)
   )`,
];

export class ProcessReports1764000000050 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of processReportsSql)
      await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table process_sample, process_report');
  }
}
