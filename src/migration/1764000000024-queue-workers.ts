import type { MigrationInterface, QueryRunner } from 'typeorm';

import {
  cronSchemaSql,
  queueWorkerSql,
  undoQueueWorkerSql,
  wantsCronSchema,
} from '../jobs/queue-worker-sql/index.ts';

/** What is known of the past of every schedule. */
const scheduleTable = `create table schedule (
  name text primary key,
  expression text not null,
  timezone text not null,
  handled_until timestamptz not null,
  last_tick timestamptz,
  seen_at timestamptz not null
)`;

/** Functions with a fixed search path have to name the schema that the migrations work in. */
const currentSchema = async (queryRunner: QueryRunner): Promise<string> => {
  const [row] = (await queryRunner.query(
    'select quote_ident(current_schema()) as schema',
  )) as { schema: string }[];
  return row!.schema;
};

export class QueueWorkers1764000000024 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(scheduleTable);
    const schema = await currentSchema(queryRunner);
    const [cron] = (await queryRunner.query(wantsCronSchema)) as {
      wanted: boolean;
    }[];
    for (const statement of [
      ...queueWorkerSql(schema),
      ...(cron?.wanted ? cronSchemaSql(schema) : []),
    ])
      await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const schema = await currentSchema(queryRunner);
    for (const statement of undoQueueWorkerSql(schema))
      await queryRunner.query(statement);
    await queryRunner.query('drop table schedule');
  }
}
