import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Jobs that are not finished, and what is kept of those that are. */
export const jobsSql = [
  // A vacuum that gives the end of an empty table back locks out every claim for a moment, and the table
  // is empty often. `sequence` orders strict queues. `rank` is the priority, raised for enterprise tenants; `turn`
  // gives every tenant's next job the same place, so that nobody waits behind another's flood.
  `create table job (
     id uuid primary key,
     sequence bigint generated always as identity,
     queue text not null,
     name text not null,
     state text not null check (state in ('scheduled', 'pending', 'running', 'failed')),
     rank smallint not null,
     priority smallint not null,
     turn bigint not null,
     tenant text not null default '',
     tier text,
     key text,
     lane text,
     payload jsonb not null,
     attempt int not null default 0,
     attempts int not null,
     fence int not null default 0,
     backoff jsonb not null,
     timeout_seconds double precision not null,
     cause text,
     traceparent text,
     created_at timestamptz not null default now(),
     run_at timestamptz not null,
     started_at timestamptz,
     lease_until timestamptz,
     worker text,
     failed_at timestamptz,
     rerun boolean not null default false
   ) with (fillfactor = 70, vacuum_truncate = false, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1)`,
  // What is true of every row says which of the two a query means: a planner without fresh statistics
  // takes the wrong one, and walks along fifty thousand jobs of one tenant.
  `create index job_pending on job (queue, rank desc, turn) where state = 'pending' and turn >= 0`,
  `create index job_tenant on job (queue, tenant, rank desc, turn) where state = 'pending' and sequence > 0`,
  `create index job_scheduled on job (run_at) where state = 'scheduled'`,
  `create index job_running on job (queue, tenant, lease_until) where state = 'running'`,
  `create index job_failed on job (queue, failed_at) where state = 'failed'`,
  `create index job_lane on job (queue, lane, sequence) where lane is not null`,
  // Attempts that failed, and those that had something to tell while they ran.
  `create table job_attempt (
     job_id uuid not null,
     fence int not null,
     attempt int not null,
     worker text not null,
     started_at timestamptz not null,
     ended_at timestamptz,
     error text,
     error_stack text,
     progress jsonb,
     log text[] not null default '{}',
     primary key (job_id, fence)
   )`,
  // Kept for good, longer than any job.
  `create table job_key (
     name text not null,
     key text not null,
     job_id uuid not null,
     created_at timestamptz not null default now(),
     primary key (name, key)
   )`,
  `create table jobs_completed (
     id uuid primary key,
     queue text not null,
     name text not null,
     state text not null check (state in ('completed', 'failed')),
     priority smallint not null,
     tenant text not null,
     key text,
     payload jsonb not null,
     result jsonb,
     error text,
     attempt int not null,
     attempts int not null,
     worker text,
     cause text,
     traceparent text,
     created_at timestamptz not null,
     run_at timestamptz not null,
     started_at timestamptz,
     finished_at timestamptz not null default now()
   )`,
  `create index jobs_completed_finished_at on jobs_completed (finished_at)`,
  // What operators say about a queue, and what is left of its rates ('' is the whole queue's).
  `create table job_queue (
     name text primary key,
     paused_at timestamptz,
     paused_by text
   )`,
  `create table job_rate (
     queue text not null,
     tenant text not null,
     tokens double precision not null,
     refilled_at timestamptz not null,
     primary key (queue, tenant)
   )`,
];

export class Jobs1764000000020 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of jobsSql) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'drop table job_rate, job_queue, jobs_completed, job_key, job_attempt, job',
    );
  }
}
