import { access, publicFunctions } from './access.ts';
import { create } from './create.ts';
import { adoptPgCron, cronSchema, cronSchemaComment } from './cron-schema.ts';
import { http } from './http.ts';
import { invoke } from './invoke.ts';
import { jobTrigger } from './job-trigger.ts';
import { reconcile } from './reconcile.ts';
import { privateSchema, tables } from './tables.ts';

export { privateSchema };

/**
 * What makes queue workers, in the order in which it has to be run.
 *
 * @param schema where the tables of the application are, quoted as an identifier
 */
export const queueWorkerSql = (schema: string): readonly string[] => [
  ...tables(schema),
  ...http,
  ...reconcile(schema),
  ...invoke(schema),
  ...create(schema),
  ...jobTrigger(schema),
  adoptPgCron(schema),
  access(schema),
];

/** A schema `cron` for where pg_cron is not to be had. */
export const cronSchemaSql = cronSchema;

/** Whether our schema `cron` may be made: neither pg_cron nor another schema of that name is there. */
export const wantsCronSchema = `
  select not exists (select from pg_available_extensions where name = 'pg_cron')
    and to_regnamespace('cron') is null as wanted`;

/** Undoes everything, and takes what pg_cron has of it out of its care. */
export const undoQueueWorkerSql = (schema: string): readonly string[] => [
  `do $do$
   declare
     worker text;
   begin
     for worker in select name from ${schema}.queue_worker loop
       perform ${schema}.drop_queue_worker(worker);
     end loop;
     perform ${schema}.uninstall_job_trigger();
     if obj_description(to_regnamespace('cron')::oid, 'pg_namespace') = '${cronSchemaComment}' then
       drop schema cron cascade;
     end if;
   end $do$`,
  `drop schema ${privateSchema} cascade`,
  ...publicFunctions.map((name) => `drop function ${schema}.${name}`),
  `drop table ${schema}.queue_worker_run, ${schema}.queue_worker`,
];
