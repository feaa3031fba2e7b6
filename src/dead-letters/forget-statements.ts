import type { DataSource } from 'typeorm';

import type { Place } from './forget-tally.ts';
import { withinTime } from './search.ts';

/** Rows looked through in one statement. */
export const pageRows = 2_000;

const tables = {
  desk: 'dead_letter',
  outbox: 'outbox',
  jobs: 'job',
  archive: 'jobs_completed',
} as const;

/** What the topic is in each table. */
const topics = {
  desk: 'topic',
  outbox: 'topic',
  jobs: 'name',
  archive: 'name',
} as const;

/** The payload as bytes. */
const payloads = {
  desk: 'payload',
  outbox: 'payload',
  jobs: `convert_to(payload::text, 'UTF8')`,
  archive: `convert_to(payload::text, 'UTF8')`,
} as const;

/** Text beside the payload that may hold the id (`$3`). */
const elsewheres = {
  desk: `or position($3 in lower(attributes::text || ordering_key || error || coalesce(error_stack, ''))) > 0`,
  outbox: `or position($3 in lower(ordering_key)) > 0`,
  jobs: `or position($3 in lower(tenant || coalesce(key, ''))) > 0`,
  archive: `or position($3 in lower(tenant || coalesce(key, '') || coalesce(result::text, '') || coalesce(error, ''))) > 0`,
} as const;

/**
 * The desk and the archive keep that something was there, without what it held; rows of the outbox go,
 * and so do jobs that wait or have failed, because without their payload they cannot run. One that runs is left.
 */
const eraseStatements = {
  desk: `
    with erased as (
      update dead_letter
         set payload = '', document = null, attributes = '{}', ordering_key = '',
             error = split_part(error, ':', 1) || ': erased', error_stack = null, erased_at = now(),
             state_changed_at = case when state = 'open' then now() else state_changed_at end,
             state_changed_by = case when state = 'open' then $2 else state_changed_by end,
             state_reason = case when state = 'open' then 'erased' else state_reason end,
             state = case when state = 'open' then 'resolved' else state end
       where id = $1 and erased_at is null returning id
    )
    select id from erased`,
  outbox: `
    with actor as (select $2::text), gone as (
      delete from outbox where id = $1 returning id
    )
    select id from gone`,
  jobs: `
    with actor as (select $2::text), gone as (
      delete from job where id = $1 and state <> 'running' returning id
    ), attempts as (
      delete from job_attempt using gone where job_id = gone.id
    )
    select id from gone`,
  archive: `
    with actor as (select $2::text), erased as (
      update jobs_completed set payload = '{}', result = null, tenant = '', key = null,
        error = case when error is null then null else split_part(error, ':', 1) || ': erased' end
      where id = $1 returning id
    ), attempts as (
      delete from job_attempt using erased where job_id = erased.id
    )
    select id from erased`,
} as const;

interface Row {
  readonly id: string;
  readonly topic: string;
}

/** The id that ends the next page; `null` at the end of the table. */
export const pageEnd = async (
  con: DataSource,
  place: Place,
  after: string,
): Promise<string | null> => {
  const [end] = await withinTime(con, (manager) =>
    manager.query<{ id: string }[]>(
      `select id from ${tables[place]} where id > $1 order by id offset $2 limit 1`,
      [after, pageRows - 1],
    ),
  );
  return end?.id ?? null;
};

/** Rows of a page whose payload, attributes or key hold the id as text. */
export const mentionsIn = (
  con: DataSource,
  place: Place,
  user: string,
  after: string,
  end: string | null,
): Promise<Row[]> => {
  const payload = payloads[place];
  return withinTime(con, (manager) =>
    manager.query(
      `select id, ${topics[place]} as topic from ${tables[place]}
        where id > $1 and ($2::uuid is null or id <= $2)
          and (position(convert_to($3, 'UTF8') in ${payload}) > 0
            or position(convert_to(upper($3), 'UTF8') in ${payload}) > 0 ${elsewheres[place]})
        order by id`,
      [after, end, user],
    ),
  );
};

/** `undefined` if the row is gone meanwhile. */
export const payloadOf = async (
  con: DataSource,
  place: Place,
  id: string,
): Promise<Buffer | undefined> => {
  const [row] = await con.query<{ payload: Buffer }[]>(
    `select ${payloads[place]} as payload from ${tables[place]} where id = $1`,
    [id],
  );
  return row?.payload;
};

/** Erases one row's payload. @returns false if it is a job that runs, or is gone meanwhile. */
export const erase = async (
  con: DataSource,
  place: Place,
  id: string,
  actor: string,
): Promise<boolean> => {
  const rows = await con.query<unknown[]>(eraseStatements[place], [id, actor]);
  return rows.length > 0;
};
