import { privateSchema } from './tables.ts';

/** The functions that people call. */
export const create = (schema: string): string[] => [
  `create function ${privateSchema}.check_schedule(schedule text) returns void
   language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
   begin
     if schedule is null or schedule !~
       '^\\s*([0-9a-zA-Z*,/$-]+\\s+){4}[0-9a-zA-Z*,/$-]+\\s*$|^([1-9]|[1-5][0-9]) seconds?$' then
       raise exception 'expected a cron expression of five fields, or 1 to 59 seconds as ''30 seconds'', got: %', schedule
         using errcode = 'invalid_parameter_value';
     end if;
   end $$`,

  `create function ${privateSchema}.check_address(url text, token text) returns void
   language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
   begin
     if url is null or url !~ '^https?://[^\\s/?#@]+(/[^\\s#]*)?$' or length(url) > 2000 then
       raise exception 'expected an http or https address without user, blanks and fragment, got: %', url
         using errcode = 'invalid_parameter_value';
     end if;
     if token is null or token !~ '^[A-Za-z0-9._~+/=-]+$' or length(token) not between 16 and 4096 then
       raise exception 'expected a bearer token of 16 to 4096 characters out of A-Z a-z 0-9 . _ ~ + / = -, got one of % characters', coalesce(length(token), 0)
         using errcode = 'invalid_parameter_value';
     end if;
   end $$`,

  `create function ${privateSchema}.ensure_cleanup() returns void
   language sql set search_path = pg_catalog, pg_temp as $$
     insert into ${schema}.queue_worker (name, schedule, command)
     values ('cleanup-cron-details', '0 0 * * *', 'select ${schema}.clean_queue_worker_runs()')
     on conflict do nothing
   $$`,

  `create function ${schema}.create_queue_worker(name text, url text, token text, schedule text)
   returns bigint
   language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
   declare
     job bigint;
   begin
     if name is null or octet_length(name) not between 1 and 63 then
       raise exception 'expected a name of 1 to 63 bytes, got: %', name
         using errcode = 'invalid_parameter_value';
     end if;
     perform ${privateSchema}.check_address(url, token);
     perform ${privateSchema}.check_schedule(schedule);
     perform ${schema}.sync_queue_workers();
     insert into ${schema}.queue_worker as w (name, url, schedule)
     values ($1, $2, $4)
     on conflict on constraint queue_worker_pkey do update
     set url = $2, command = null, schedule = $4, username = current_user,
       handled_until = clock_timestamp(), pg_cron_job = null, pg_cron_extension = null;
     insert into ${privateSchema}.token as t (name, token) values ($1, $3)
     on conflict on constraint token_pkey do update set token = $3;
     perform ${privateSchema}.ensure_cleanup();
     perform ${schema}.sync_queue_workers();
     if exists (select from pg_extension where extname = 'pg_cron') and not ${privateSchema}.is_of_pg_cron(url) then
       raise warning 'pg_cron is here, but % cannot post by it: only background processes run queue worker %', current_user, name
         using hint = 'it takes the extension pg_net or http, and usage on its schema and on schema cron; then: select sync_queue_workers()';
     end if;
     select coalesce(w.pg_cron_job, w.id) into job from ${schema}.queue_worker w where w.name = $1;
     return job;
   end $$`,

  `create function ${schema}.drop_queue_worker(name text) returns boolean
   language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
   declare
     worker ${schema}.queue_worker;
   begin
     perform ${schema}.sync_queue_workers();
     delete from ${schema}.queue_worker w where w.name = $1 returning * into worker;
     if not found then return false; end if;
     if worker.pg_cron_job is not null and worker.pg_cron_extension = ${privateSchema}.pg_cron() then
       execute 'select cron.unschedule($1::bigint)' using worker.pg_cron_job;
     end if;
     return true;
   end $$`,

  `create function ${schema}.install_worker(url text, token text) returns bigint
   language sql security definer set search_path = pg_catalog, pg_temp as $$
     select ${schema}.create_queue_worker(
       'runWorkerEveryMinute', regexp_replace($1, '(/api/worker)?/*$', '') || '/api/worker', $2, '* * * * *')
   $$`,

  `create function ${schema}.clean_queue_worker_runs() returns bigint
   language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
   declare
     deleted bigint;
     of_pg_cron bigint := 0;
   begin
     delete from ${schema}.queue_worker_run where started_at < now() - interval '7 days';
     get diagnostics deleted = row_count;
     if ${privateSchema}.pg_cron() is not null then
       begin
         delete from cron.job_run_details
         where coalesce(end_time, start_time) < now() - interval '7 days';
         get diagnostics of_pg_cron = row_count;
       exception when insufficient_privilege then
         raise warning 'the run details of pg_cron may not be deleted: %', sqlerrm
           using hint = format('grant delete on cron.job_run_details to %I', current_user);
       end;
     end if;
     perform ${schema}.sync_queue_workers();
     return deleted + of_pg_cron;
   end $$`,
];
