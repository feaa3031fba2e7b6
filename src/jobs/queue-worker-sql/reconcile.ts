import { privateSchema } from './tables.ts';

/** Keeping pg_cron and our table of one mind. */
export const reconcile = (schema: string): string[] => [
  // Null where pg_cron is not, or may not be used. Its oid tells a new installation from the one we
  // scheduled with.
  `create function ${privateSchema}.pg_cron() returns oid
   language sql stable set search_path = pg_catalog, pg_temp as $$
     select oid from pg_extension
     where extname = 'pg_cron'
       and has_schema_privilege(current_user, to_regnamespace('cron')::oid, 'usage')
   $$`,

  // Whether pg_cron has a row in its care, or the ticker.
  `create function ${privateSchema}.is_of_pg_cron(url text) returns boolean
   language sql stable set search_path = pg_catalog, pg_temp as $$
     select ${privateSchema}.pg_cron() is not null and (url is null or ${privateSchema}.can_post())
   $$`,

  `create function ${privateSchema}.hand_to_pg_cron(worker ${schema}.queue_worker) returns void
   language plpgsql set search_path = pg_catalog, pg_temp as $$
   declare
     job bigint;
     what text := coalesce(worker.command,
       format('select ${schema.replaceAll('%', '%%')}.invoke_queue_worker(%L)', worker.name));
   begin
     if worker.username = current_user then
       -- Literals, because the type of the name differs between releases of pg_cron.
       execute format('select cron.schedule(%L, %L, %L)', worker.name, worker.schedule, what) into job;
     else
       execute format('select cron.schedule_in_database(%L, %L, %L, %L, %L)',
         worker.name, worker.schedule, what, current_database(), worker.username) into job;
     end if;
     update ${schema}.queue_worker
     set pg_cron_job = job, pg_cron_extension = ${privateSchema}.pg_cron()
     where name = worker.name;
   end $$`,

  // A row that pg_cron had and has no more was unscheduled there, and goes here too, with its token.
  `create function ${schema}.sync_queue_workers() returns void
   language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
   declare
     worker ${schema}.queue_worker;
     extension oid := ${privateSchema}.pg_cron();
     scheduled boolean;
   begin
     for worker in select * from ${schema}.queue_worker order by name for update loop
       scheduled := false;
       if worker.pg_cron_job is not null and worker.pg_cron_extension = extension then
         execute 'select exists (select from cron.job where jobid = $1)'
           into scheduled using worker.pg_cron_job;
         if not scheduled then
           delete from ${schema}.queue_worker where name = worker.name;
           continue;
         end if;
       end if;
       if ${privateSchema}.is_of_pg_cron(worker.url) then
         if not scheduled then perform ${privateSchema}.hand_to_pg_cron(worker); end if;
       elsif worker.pg_cron_job is not null then
         if scheduled then
           execute 'select cron.unschedule($1::bigint)' using worker.pg_cron_job;
         end if;
         update ${schema}.queue_worker
         set pg_cron_job = null, pg_cron_extension = null, handled_until = clock_timestamp()
         where name = worker.name;
       end if;
     end loop;
   end $$`,
];
