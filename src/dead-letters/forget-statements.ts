import type { DataSource } from 'typeorm';

import type { Place } from './forget-tally.ts';
import { runRowsSql } from './run-rows.ts';
import { withinTime } from './search.ts';

/** Rows looked through in one statement; fewer runs of flows, because each has many rows of its own. */
export const pageRows: Readonly<Record<Place, number>> = {
  desk: 2_000,
  outbox: 2_000,
  flows: 200,
  jobs: 2_000,
  archive: 2_000,
  changes: 2_000,
};

const tables = {
  desk: 'dead_letter',
  outbox: 'outbox',
  flows: 'flow_run',
  jobs: 'job',
  archive: 'jobs_completed',
  changes: 'row_change',
} as const;

/** What the topic is in each table. */
const topics = {
  desk: 'topic',
  outbox: 'topic',
  flows: 'flow',
  jobs: 'name',
  archive: 'name',
  changes: 'table_name',
} as const;

/** The payload as bytes; of a run, what it was started with and what its steps put out. */
const payloads = {
  desk: 'payload',
  outbox: 'payload',
  flows: `convert_to(jsonb_build_object('input', input, 'outputs', (
    select jsonb_object_agg(step, output) from flow_task where run_id = flow_run.id and idx = 0))::text, 'UTF8')`,
  jobs: `convert_to(payload::text, 'UTF8')`,
  archive: `convert_to(payload::text, 'UTF8')`,
  changes: `convert_to(key, 'UTF8')`,
} as const;

/** Text beside the payload that may hold the id (`$3`). */
const elsewheres = {
  desk: `or position($3 in lower(attributes::text || ordering_key || error || coalesce(error_stack, ''))) > 0`,
  outbox: `or position($3 in lower(ordering_key)) > 0`,
  flows: `or position($3 in lower(key || coalesce(cause, '') || coalesce(reason, ''))) > 0
    or exists (select from flow_task where run_id = flow_run.id
      and position($3 in lower(concat(item::text, output::text, error))) > 0)
    or exists (select from flow_step where run_id = flow_run.id and position($3 in lower(reason)) > 0)
    or exists (select from flow_signal where run_id = flow_run.id and position($3 in lower(concat(key, payload::text))) > 0)
    or exists (select from flow_event where run_id = flow_run.id and position($3 in lower(detail::text)) > 0)`,
  jobs: `or position($3 in lower(tenant || coalesce(key, ''))) > 0`,
  archive: `or position($3 in lower(tenant || coalesce(key, '') || coalesce(result::text, '') || coalesce(error, ''))) > 0`,
  changes: '',
} as const;

/**
 * The desk and the archive keep that something was there, without what it held; rows of the outbox go,
 * and so do jobs that wait or have failed and runs of flows that have ended, because without their payload
 * they cannot go on. What is recorded of changes of a user's rows goes. What runs is left.
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
  flows: `
    with gone as (
      delete from flow_run where id = $1 and state in ('completed', 'failed', 'cancelled') returning id
    ), ${runRowsSql('gone')}, closed as (
      update dead_letter set state = 'resolved', state_changed_at = now(), state_changed_by = $2, state_reason = 'erased'
      from gone where source = 'flow' and state = 'open' and event_id = gone.id::text
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
  changes: `
    with actor as (select $2::text), gone as (
      delete from row_change where id = $1 returning id
    )
    select id from gone`,
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
      [after, pageRows[place] - 1],
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

/** Erases one row's payload. @returns false if it is a job or a flow that runs, or is gone meanwhile. */
export const erase = async (
  con: DataSource,
  place: Place,
  id: string,
  actor: string,
): Promise<boolean> => {
  const rows = await con.query<unknown[]>(eraseStatements[place], [id, actor]);
  return rows.length > 0;
};
