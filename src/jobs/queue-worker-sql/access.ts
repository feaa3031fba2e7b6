import { privateSchema } from './tables.ts';

/** What stands in the schema of the tables and is called by its name. */
export const publicFunctions = [
  'adopt_pg_cron()',
  'clean_queue_worker_runs()',
  'create_queue_worker(text, text, text, text)',
  'drop_queue_worker(text)',
  'install_job_trigger(text, text, interval)',
  'install_worker(text, text)',
  'invoke_queue_worker(text)',
  'sync_queue_workers()',
  'uninstall_job_trigger()',
] as const;

/**
 * Takes every right from everybody but the owner, also those that default privileges gave: hosts there
 * are that grant all that is new to the roles of their HTTP interface. Grant what operators need.
 */
export const access = (schema: string): string =>
  `do $do$
   declare
     held record;
   begin
     for held in
       select 'function' as kind, p.oid::regprocedure::text as what, acl.grantee
       from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl
       where acl.grantee <> p.proowner and (
         p.pronamespace = '${privateSchema}'::regnamespace
         or p.oid = any (array[${publicFunctions
           .map((name) => `'${schema}.${name}'`)
           .join(', ')}]::regprocedure[]))
       union all
       select 'table', c.oid::regclass::text, acl.grantee
       from pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) acl
       where acl.grantee <> c.relowner and c.relkind = 'r' and (
         c.relnamespace = '${privateSchema}'::regnamespace
         or c.oid in ('${schema}.queue_worker'::regclass, '${schema}.queue_worker_run'::regclass))
       union all
       select 'schema', n.oid::regnamespace::text, acl.grantee
       from pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) acl
       where acl.grantee <> n.nspowner and n.oid = '${privateSchema}'::regnamespace
     loop
       execute format('revoke all on %s %s from %s', held.kind, held.what,
         case when held.grantee = 0 then 'public' else held.grantee::regrole::text end);
     end loop;
   end $do$`;
