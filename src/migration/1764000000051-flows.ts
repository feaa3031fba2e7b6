import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Flows: what was planned, what runs, and what became of it. */
export const flowsSql = [
  // Kept once for all runs that began with it: a run ends on the plan it began with.
  `create table flow_plan (
     id text primary key,
     flow text not null,
     version int not null,
     steps jsonb not null,
     created_at timestamptz not null default now()
   )`,
  // `pending` counts the last steps (those nobody depends on) that have not ended. A child wakes the step that
  // waits for it: `wake` is the job that does.
  `create table flow_run (
     id uuid primary key,
     flow text not null,
     version int not null,
     plan_id text not null,
     key text not null,
     state text not null default 'running'
       check (state in ('running', 'paused', 'completed', 'failed', 'cancelled')),
     input jsonb,
     pending int not null,
     cause text,
     traceparent text,
     parent_run uuid,
     parent_step text,
     wake jsonb,
     reason text,
     created_at timestamptz not null default now(),
     ended_at timestamptz,
     constraint flow_run_key unique (flow, key)
   ) with (fillfactor = 80)`,
  `create index flow_run_created_at on flow_run (created_at)`,
  `create index flow_run_state on flow_run (state, created_at)`,
  `create index flow_run_parent on flow_run (parent_run) where parent_run is not null`,
  `create index flow_run_cause on flow_run (cause) where cause is not null`,
  `create index flow_run_plan on flow_run (plan_id)`,
  `create index flow_run_ended_at on flow_run (ended_at) where ended_at is not null`,
  // `waiting_on` counts the dependencies that have not ended; `pending_tasks` the tasks, or, of a map, its shards.
  `create table flow_step (
     run_id uuid not null,
     name text not null,
     position int not null,
     kind text not null check (kind in ('task', 'map', 'wait', 'sleep', 'child')),
     deps text[] not null,
     last boolean not null,
     state text not null check (state in ('pending', 'running', 'completed', 'skipped', 'failed')),
     waiting_on int not null check (waiting_on >= 0),
     pending_tasks int not null check (pending_tasks >= 0),
     reason text,
     started_at timestamptz,
     ended_at timestamptz,
     primary key (run_id, name)
   ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05)`,
  // `job_id` and `fence` say who owns it; index -1 is the task that finds the items of a map.
  `create table flow_task (
     run_id uuid not null,
     step text not null,
     idx int not null,
     state text not null
       check (state in ('queued', 'running', 'waiting', 'completed', 'skipped', 'failed')),
     job_id uuid,
     fence int not null default 0,
     attempt int not null default 0,
     shard int,
     item jsonb,
     output jsonb,
     error text,
     due_at timestamptz,
     created_at timestamptz not null default now(),
     started_at timestamptz,
     ended_at timestamptz,
     primary key (run_id, step, idx)
   ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05)`,
  `create index flow_task_active on flow_task (job_id)
     where state in ('queued', 'running', 'waiting') and job_id is not null`,
  // The tasks of a map are counted in parts, so that those who end them do not all wait for one row.
  `create table flow_shard (
     run_id uuid not null,
     step text not null,
     shard int not null,
     pending int not null check (pending >= 0),
     primary key (run_id, step, shard)
   ) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05)`,
  `create table flow_signal (
     id uuid primary key,
     run_id uuid not null,
     name text not null,
     key text not null,
     payload jsonb,
     sent_at timestamptz not null default clock_timestamp(),
     consumed_at timestamptz,
     constraint flow_signal_key unique (run_id, name, key)
   )`,
  `create table flow_event (
     id bigint generated always as identity primary key,
     run_id uuid not null,
     at timestamptz not null default clock_timestamp(),
     type text not null,
     step text,
     idx int,
     detail jsonb
   )`,
  `create index flow_event_run on flow_event (run_id, id)`,
];

export class Flows1764000000051 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of flowsSql) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'drop table flow_event, flow_signal, flow_shard, flow_task, flow_step, flow_run, flow_plan',
    );
  }
}
