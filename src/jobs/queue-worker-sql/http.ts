import { privateSchema } from './tables.ts';

/**
 * Posting from within Postgres, by whichever extension is there when it is needed. A function that only
 * looks like an extension's gets no token: it has to belong to an extension, to a superuser, or to
 * ourselves.
 */
export const http: readonly string[] = [
  `create function ${privateSchema}.is_trusted(candidate pg_catalog.oid) returns boolean
   language sql stable set search_path = pg_catalog, pg_temp as $$
     select exists (
       select from pg_proc p join pg_roles r on r.oid = p.proowner
       where p.oid = candidate and (r.rolsuper or r.rolname = current_user
         or exists (select from pg_depend d where d.classid = 'pg_proc'::regclass
           and d.objid = p.oid and d.deptype = 'e'))
     )
   $$`,

  `create function ${privateSchema}.pg_net_is_here() returns boolean
   language sql stable set search_path = pg_catalog, pg_temp as $$
     select exists (
       select from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where n.nspname = 'net' and p.proname = 'http_post'
         and p.proargnames @> array['url', 'body', 'headers', 'timeout_milliseconds']
         and has_schema_privilege(current_user, n.oid, 'usage')
         and ${privateSchema}.is_trusted(p.oid)
     )
   $$`,

  // The schema of pgsql-http, which may be any.
  `create function ${privateSchema}.pgsql_http_schema() returns name
   language sql stable set search_path = pg_catalog, pg_temp as $$
     select n.nspname
     from pg_proc p
       join pg_namespace n on n.oid = p.pronamespace
       join pg_type t on t.oid = p.proargtypes[0] and t.typname = 'http_request'
         and t.typnamespace = n.oid
     where p.proname = 'http' and p.pronargs = 1
       and has_schema_privilege(current_user, n.oid, 'usage')
       and ${privateSchema}.is_trusted(p.oid)
     order by n.nspname limit 1
   $$`,

  `create function ${privateSchema}.can_post() returns boolean
   language sql stable set search_path = pg_catalog, pg_temp as $$
     select ${privateSchema}.pg_net_is_here() or ${privateSchema}.pgsql_http_schema() is not null
   $$`,

  // pg_net sends after the commit and answers later; pgsql-http waits for the answer.
  `create function ${privateSchema}.post(
     url text, token text, timeout_milliseconds integer, out request_id bigint, out status integer
   ) language plpgsql set search_path = pg_catalog, pg_temp as $$
   declare
     extension_schema name;
   begin
     if ${privateSchema}.pg_net_is_here() then
       execute 'select net.http_post(url := $1, body := $2, headers := $3, timeout_milliseconds := $4)'
         into request_id
         using url, '{}'::jsonb, jsonb_build_object(
           'Authorization', 'Bearer ' || token, 'Content-Type', 'application/json'
         ), timeout_milliseconds;
       return;
     end if;
     extension_schema := ${privateSchema}.pgsql_http_schema();
     if extension_schema is null then
       raise exception 'expected the extension pg_net or http in this database, found neither that % may use', current_user
         using errcode = 'undefined_function',
           hint = 'create extension pg_net; or create extension http; and grant usage on its schema. Without them run a background process, which posts itself';
     end if;
     execute format('select %I.http_set_curlopt($1, $2)', extension_schema)
       using 'CURLOPT_TIMEOUT_MS'::varchar, timeout_milliseconds::varchar;
     execute format(
       'select (%1$I.http((''POST'', $1, array[%1$I.http_header(''Authorization'', $2)],
          ''application/json'', ''{}'')::%1$I.http_request)).status', extension_schema)
       into status using url::varchar, ('Bearer ' || token)::varchar;
   end $$`,
];
