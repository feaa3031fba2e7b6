import { privateSchema } from './tables.ts';

/**
 * Posting when a job is created, for hosts on which nothing listens. Only pg_net can: it sends what a
 * transaction asked for after its commit, whereas pgsql-http would call before the job can be seen, and
 * hold the transaction up meanwhile.
 *
 * The trigger runs at the end of the transaction, so that the row that limits the rate is locked for a
 * moment only. What falls into the pause after a post is found by that post's worker, or within the minute.
 */
export const jobTrigger = (schema: string): string[] => [
  `create function ${privateSchema}.post_on_new_job() returns trigger
   language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
   declare
     settings ${privateSchema}.job_trigger;
     this_transaction text := pg_current_xact_id()::text;
   begin
     if current_setting('queue_worker.posted_by', true) = this_transaction then return null; end if;
     perform set_config('queue_worker.posted_by', this_transaction, true);
     begin
       perform from ${privateSchema}.job_trigger t where t.posted_at > clock_timestamp() - t.debounce;
       if found then return null; end if;
       select * into settings from ${privateSchema}.job_trigger for update skip locked;
       if not found or settings.posted_at > clock_timestamp() - settings.debounce then return null; end if;
       perform ${privateSchema}.post(settings.url, settings.token, 55000);
       update ${privateSchema}.job_trigger set posted_at = clock_timestamp();
     exception when others then
       -- A job must not be lost because nobody could be told of it.
       raise warning 'no worker was told of the new job: %', sqlerrm;
     end;
     return null;
   end $$`,

  `create function ${schema}.install_job_trigger(
     url text, token text, debounce interval default interval '200 milliseconds'
   ) returns void
   language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
   begin
     perform ${privateSchema}.check_address(url, token);
     if not ${privateSchema}.pg_net_is_here() then
       raise exception 'expected the extension pg_net, which posts after the commit; it is not in this database, or not for % to use', current_user
         using errcode = 'undefined_function',
           hint = 'create extension pg_net; the schedule of install_worker starts jobs within a minute without it';
     end if;
     if debounce is null or debounce < interval '0' or debounce > interval '1 minute' then
       raise exception 'expected a pause of 0 to 60 seconds between posts, got: %', debounce
         using errcode = 'invalid_parameter_value';
     end if;
     insert into ${privateSchema}.job_trigger as t (url, token, debounce)
     values (regexp_replace($1, '(/api/worker)?/*$', '') || '/api/worker', $2, $3)
     on conflict (singleton) do update
     set url = excluded.url, token = excluded.token, debounce = excluded.debounce;
     drop trigger if exists post_on_new_job on ${schema}.job;
     create constraint trigger post_on_new_job after insert on ${schema}.job
       deferrable initially deferred
       for each row when (new.state = 'pending')
       execute function ${privateSchema}.post_on_new_job();
   end $$`,

  `create function ${schema}.uninstall_job_trigger() returns void
   language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
   begin
     drop trigger if exists post_on_new_job on ${schema}.job;
     delete from ${privateSchema}.job_trigger;
   end $$`,
];
