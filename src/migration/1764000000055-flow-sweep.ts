import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Flows: counters of counters, and indexes for what the sweep and the lists look for. */
export const flowSweepSql = [
  // Shards of a large map count in other shards, those in the step, so that hundreds of ends at once seldom meet.
  `alter table flow_shard add parent int`,
  // The sweep walks along the tasks that have not ended, page by page. Its condition is written so that only the sweep's
  // own query is known to imply it: whoever looks for one task by its key must not take this index for a short cut.
  `drop index flow_task_active`,
  `create index flow_task_active on flow_task (run_id, step, idx)
     where coalesce(state in ('queued', 'running', 'waiting'), false)`,
  `drop index flow_run_parent`,
  `create index flow_run_parent on flow_run (parent_run, parent_step) where parent_run is not null`,
  `create index flow_run_flow on flow_run (flow, created_at)`,
  // A run without its plan could never go on.
  `alter table flow_run add constraint flow_run_plan_id foreign key (plan_id) references flow_plan (id)`,
];

export class FlowSweep1764000000055 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of flowSweepSql) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [
      'alter table flow_run drop constraint flow_run_plan_id',
      'drop index flow_run_flow',
      'drop index flow_run_parent',
      'create index flow_run_parent on flow_run (parent_run) where parent_run is not null',
      'drop index flow_task_active',
      `create index flow_task_active on flow_task (job_id)
         where state in ('queued', 'running', 'waiting') and job_id is not null`,
      'alter table flow_shard drop column parent',
    ])
      await queryRunner.query(statement);
  }
}
