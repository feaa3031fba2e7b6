import { privateSchema } from './tables.ts';

/** How our schema `cron` is told from anybody else's. */
export const cronSchemaComment =
  'nightshift: stands in for pg_cron over the table queue_worker';

/**
 * A schema `cron` for servers without pg_cron, over the table of queue workers: what it schedules runs
 * while a background process does. Without definer's rights: whoever schedules needs rights on the table.
 */
export const cronSchema = (schema: string): string[] => [
  'create schema cron',
  `comment on schema cron is '${cronSchemaComment}'`,

  `create function cron.schedule(job_name text, schedule text, command text) returns bigint
   language plpgsql set search_path = pg_catalog, pg_temp as $$
   declare
     job bigint;
   begin
     perform ${privateSchema}.check_schedule(schedule);
     insert into ${schema}.queue_worker as w (name, schedule, command) values ($1, $2, $3)
     on conflict on constraint queue_worker_pkey do update
     set schedule = $2, command = $3, url = null, username = current_user, handled_until = clock_timestamp()
     returning w.id into job;
     delete from ${privateSchema}.token t where t.name = job_name;
     return job;
   end $$`,

  `create function cron.schedule(schedule text, command text) returns bigint
   language sql set search_path = pg_catalog, pg_temp as $$
     select cron.schedule('job ' || gen_random_uuid()::text, $1, $2)
   $$`,

  `create function cron.unschedule(job_name text) returns boolean
   language plpgsql set search_path = pg_catalog, pg_temp as $$
   begin
     delete from ${schema}.queue_worker w where w.name = job_name;
     if not found then
       raise exception 'expected the name of a scheduled job, got: %', job_name
         using errcode = 'undefined_object', hint = 'select jobname from cron.job';
     end if;
     return true;
   end $$`,

  `create function cron.unschedule(job_id bigint) returns boolean
   language plpgsql set search_path = pg_catalog, pg_temp as $$
   begin
     delete from ${schema}.queue_worker w where w.id = job_id;
     if not found then
       raise exception 'expected the id of a scheduled job, got: %', job_id
         using errcode = 'undefined_object', hint = 'select jobid from cron.job';
     end if;
     return true;
   end $$`,

  `create view cron.job with (security_invoker = true) as
   select id as jobid, schedule,
     coalesce(command, format('select ${schema.replaceAll('%', '%%')}.invoke_queue_worker(%L)', name)) as command,
     current_database()::text as database, username::text as username, true as active, name as jobname
   from ${schema}.queue_worker`,

  `create view cron.job_run_details with (security_invoker = true) as
   select w.id as jobid, r.id as runid, current_database()::text as database, w.username::text as username,
     case when r.ended_at is null then 'running' when r.error is null then 'succeeded' else 'failed' end as status,
     coalesce(r.error, r.status::text) as return_message, r.started_at as start_time, r.ended_at as end_time
   from ${schema}.queue_worker_run r left join ${schema}.queue_worker w on w.name = r.worker`,
];

/** Puts pg_cron, installed later, in the place of our schema: run it once, as who may create extensions. */
export const adoptPgCron = (schema: string): string =>
  `create function ${schema}.adopt_pg_cron() returns void
   language plpgsql set search_path = pg_catalog, pg_temp as $$
   begin
     if obj_description(to_regnamespace('cron')::oid, 'pg_namespace') = '${cronSchemaComment}' then
       drop schema cron cascade;
     end if;
     create extension if not exists pg_cron;
     execute format('grant usage on schema cron to %I',
       (select relowner::regrole::name from pg_class where oid = '${schema}.queue_worker'::regclass));
     perform ${schema}.sync_queue_workers();
   end $$`;
