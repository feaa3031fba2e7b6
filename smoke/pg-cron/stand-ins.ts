/**
 * Stand-ins for the two extensions by which Postgres can post. They have the signatures of the real ones
 * (pgsql-http 1.6: github.com/pramsey/pgsql-http, pg_net 0.19: github.com/supabase/pg_net) and write down
 * what they were asked for instead of sending it.
 */
const recorded = `create table if not exists recorded_post (
  id bigint generated always as identity primary key,
  extension text not null,
  url text not null,
  headers jsonb not null,
  body text,
  timeout_milliseconds integer
)`;

/** `net.http_post` and the table of answers, as far as they are used. */
export const pgNetStandIn: readonly string[] = [
  recorded,
  'create schema net',
  `create table net._http_response (
     id bigint, status_code integer, content_type text, headers jsonb, content text,
     timed_out bool, error_msg text, created timestamptz not null default now()
   )`,
  `create function net.http_post(
     url text, body jsonb default '{}'::jsonb, params jsonb default '{}'::jsonb,
     headers jsonb default '{"Content-Type": "application/json"}'::jsonb,
     timeout_milliseconds integer default 5000
   ) returns bigint language sql as $$
     insert into public.recorded_post (extension, url, headers, body, timeout_milliseconds)
     values ('pg_net', url, headers, body::text, timeout_milliseconds) returning id
   $$`,
];

/** `http(http_request)` and what is needed to call it, in a schema of its own as hosts install it. */
export const pgsqlHttpStandIn: readonly string[] = [
  recorded,
  'create schema extensions',
  'create domain extensions.http_method as text',
  'create type extensions.http_header as (field varchar, value varchar)',
  `create type extensions.http_request as (
     method extensions.http_method, uri varchar, headers extensions.http_header[],
     content_type varchar, content varchar
   )`,
  `create type extensions.http_response as (
     status integer, content_type varchar, headers extensions.http_header[], content varchar
   )`,
  `create function extensions.http_header(field varchar, value varchar) returns extensions.http_header
   language sql as $$ select $1, $2 $$`,
  `create function extensions.http_set_curlopt(curlopt varchar, value varchar) returns boolean
   language sql as $$ select set_config('stand_in.' || curlopt, value, false) is not null $$`,
  `create function extensions.http(request extensions.http_request) returns extensions.http_response
   language sql as $$
     insert into public.recorded_post (extension, url, headers, body, timeout_milliseconds)
     values ('http', request.uri,
       (select jsonb_object_agg(h.field, h.value) from unnest(request.headers) h)
         || jsonb_build_object('Content-Type', request.content_type),
       request.content, current_setting('stand_in.CURLOPT_TIMEOUT_MS')::integer)
     returning (204, null, null, null)::extensions.http_response
   $$`,
];
