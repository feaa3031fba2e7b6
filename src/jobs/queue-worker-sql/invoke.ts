import { privateSchema } from './tables.ts';

/** What pg_cron calls: it never sees a token, and so neither do `cron.job` and its run details. */
export const invoke = (schema: string): string[] => [
  // pg_net keeps answers for some hours; whoever may not read them knows only that a request went out.
  `create function ${privateSchema}.collect_answers(worker_name text) returns void
   language plpgsql set search_path = pg_catalog, pg_temp as $$
   begin
     if not ${privateSchema}.pg_net_is_here() then return; end if;
     update ${schema}.queue_worker_run r
     set status = answer.status_code, ended_at = answer.created,
       error = coalesce(answer.error_msg, case when answer.timed_out then 'timed out' end)
     from net._http_response answer
     where r.worker = worker_name and r.ended_at is null and r.request_id = answer.id
       and r.started_at > now() - interval '1 day' and answer.created >= r.started_at;
   exception when undefined_table or undefined_column or insufficient_privilege then
     raise notice 'the answers of pg_net cannot be read: %', sqlerrm;
   end $$`,

  `create function ${schema}.invoke_queue_worker(worker_name text) returns bigint
   language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
   declare
     worker record;
     run bigint;
     posted record;
     problem text;
   begin
     select w.url, w.timeout_milliseconds, t.token into worker
     from ${schema}.queue_worker w join ${privateSchema}.token t using (name)
     where w.name = worker_name;
     if not found then
       raise warning 'there is no queue worker named %; nothing was posted', worker_name;
       return null;
     end if;
     perform ${privateSchema}.collect_answers(worker_name);
     insert into ${schema}.queue_worker_run (worker, scheduler)
     values (worker_name, 'pg_cron') returning id into run;
     begin
       posted := ${privateSchema}.post(worker.url, worker.token, worker.timeout_milliseconds);
       update ${schema}.queue_worker_run
       set request_id = posted.request_id, status = posted.status,
         ended_at = case when posted.request_id is null then clock_timestamp() end
       where id = run;
     exception when others then
       problem := sqlerrm;
       update ${schema}.queue_worker_run
       set ended_at = clock_timestamp(), error = left(problem, 500)
       where id = run;
       raise warning 'queue worker % could not post: %', worker_name, problem;
     end;
     return run;
   end $$`,
];
