import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The sweep of flows looks for their failed jobs, of which there are hardly any among all that have failed. */
export const failedFlowJobsSql = [
  `create index job_failed_flow on job (failed_at) where state = 'failed' and name like 'flow %'`,
];

export class FailedFlowJobs1764000000056 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of failedFlowJobsSql)
      await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop index job_failed_flow');
  }
}
