/** Where everything stands that only the owner may see: tokens above all. */
export const privateSchema = 'queue_worker_private';

/**
 * The truth about queue workers. A row has an address, to which a POST goes, or a command in SQL, which
 * runs as `username`. `pg_cron_job` is set while pg_cron has the row in its care; the columns below it
 * are the in-process ticker's.
 */
export const tables = (schema: string): string[] => [
  `create schema ${privateSchema}`,
  `create table ${schema}.queue_worker (
     name text primary key check (octet_length(name) between 1 and 63),
     id bigint generated always as identity unique,
     schedule text not null,
     url text,
     command text,
     username name not null default current_user,
     timeout_milliseconds integer not null default 55000
       check (timeout_milliseconds between 100 and 900000),
     created_at timestamptz not null default now(),
     pg_cron_job bigint,
     pg_cron_extension oid,
     handled_until timestamptz not null default clock_timestamp(),
     last_tick timestamptz,
     running_until timestamptz,
     check ((url is null) <> (command is null))
   )`,
  `create table ${schema}.queue_worker_run (
     id bigint generated always as identity primary key,
     worker text not null,
     scheduler text not null check (scheduler in ('pg_cron', 'ticker')),
     tick timestamptz,
     started_at timestamptz not null default clock_timestamp(),
     ended_at timestamptz,
     request_id bigint,
     status integer,
     error text
   )`,
  `create index queue_worker_run_worker on ${schema}.queue_worker_run (worker, id)`,
  `create index queue_worker_run_started_at on ${schema}.queue_worker_run (started_at)`,
  `create table ${privateSchema}.token (
     name text primary key references ${schema}.queue_worker on delete cascade,
     token text not null
   )`,
  `create table ${privateSchema}.job_trigger (
     singleton boolean primary key default true check (singleton),
     url text not null,
     token text not null,
     debounce interval not null,
     posted_at timestamptz not null default '-infinity'
   )`,
];
