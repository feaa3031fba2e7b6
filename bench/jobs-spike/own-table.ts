import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';

import {
  CAP,
  type Candidate,
  type Claimed,
  type Mode,
  type NewJob,
  QUEUE,
  type Store,
} from './port.ts';

const tables = `
  create table job (
    id uuid primary key,
    queue text not null,
    name text not null,
    state text not null check (state in ('pending', 'scheduled', 'running', 'failed')),
    priority smallint not null default 0,
    turn bigint not null,
    tenant text not null,
    payload jsonb not null,
    attempt int not null default 0,
    attempts int not null default 3,
    fence int not null default 0,
    run_at timestamptz not null default now(),
    lease_until timestamptz,
    created_at timestamptz not null default now()
  ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
  create index job_pending on job (queue, priority desc, turn) where state = 'pending';
  create index job_tenant on job (queue, tenant, priority desc, turn) where state = 'pending';
  create index job_running on job (queue, tenant) where state = 'running';
  create table job_attempt (job_id uuid, fence int, error text, ended_at timestamptz default now(),
    primary key (job_id, fence));
  create table job_key (name text, key text, job_id uuid not null, primary key (name, key));
  create table job_completed (id uuid primary key, queue text, name text, tenant text, payload jsonb,
    attempt int, created_at timestamptz, finished_at timestamptz default now())`;

/**
 * `turn` makes it fair: a tenant's next job stands behind its last one, but not before the place that the
 * queue has reached.
 */
const enqueueSql = `
  with given as (
    select entry.*, row_number() over (partition by tenant order by number) as nth
    from unnest($1::uuid[], $2::int[], $3::text[], $4::text[]) as entry (id, number, tenant, key)
  ), taken as (
    insert into job_key (name, key, job_id) select 'spike', key, id from given where key is not null
    on conflict do nothing returning job_id
  ), line as (
    select tenant, greatest(
      coalesce((select turn from job where queue = $5 and state = 'pending' and priority = 0
        order by turn limit 1), 0),
      coalesce((select turn + 1 from job where queue = $5 and job.tenant = lines.tenant
        and state = 'pending' and priority = 0 order by turn desc limit 1), 0)) as turn
    from (select distinct tenant from given) as lines
  ), written as (
    insert into job (id, queue, name, state, turn, tenant, payload)
    select id, $5, 'spike', 'pending', turn + nth - 1, tenant, jsonb_build_object('number', number)
    from given join line using (tenant)
    where key is null or id in (select job_id from taken)
    returning id
  )
  select count(*)::int as written,
    case when $6 then (select pg_notify('job', $5)) end from written`;

const openChoice = `
  select id from job where queue = $1 and state = 'pending'
  order by priority desc, turn limit $2 for update skip locked`;

/**
 * From tenant to tenant by the index, so that the line of one at its cap is never walked along.
 *
 * The tenant is a range, which only `job_tenant` gives in this order. As an equation, with a flood in the
 * statistics, the planner took `job_pending` and filtered the whole flood once for each tenant.
 */
const cappedChoice = `
  with recursive tenant as (
    (select tenant from job where queue = $1 and state = 'pending' order by tenant limit 1)
    union all
    select (select job.tenant from job where queue = $1 and state = 'pending' and job.tenant > tenant.tenant
      order by job.tenant limit 1)
    from tenant where tenant.tenant is not null
  ), running as (
    select tenant, count(*) as jobs from job where queue = $1 and state = 'running' group by tenant
  )
  select chosen.id from tenant left join running using (tenant) cross join lateral (
    select id, priority, turn from job
    where queue = $1 and state = 'pending' and job.tenant between tenant.tenant and tenant.tenant
    order by job.tenant, priority desc, turn limit greatest(least($2::int, ${CAP} - coalesce(running.jobs, 0)), 0)
  ) as chosen
  where tenant.tenant is not null
  order by chosen.priority desc, chosen.turn limit $2`;

const claimSql = (choice: string) => `
  with choice as materialized (${choice})
  update job set state = 'running', attempt = attempt + 1, fence = fence + 1,
    lease_until = clock_timestamp() + interval '30 seconds'
  from choice where job.id = choice.id and job.state = 'pending'
  returning job.id, fence, tenant, (payload ->> 'number')::int as number`;

const completeSql = `
  with gone as (
    delete from job using unnest($1::uuid[], $2::int[]) as given (id, fence)
    where job.id = given.id and job.fence = given.fence and state = 'running' returning job.*
  )
  insert into job_completed (id, queue, name, tenant, payload, attempt, created_at)
  select id, queue, name, tenant, payload, attempt, created_at from gone`;

const failSql = `
  with failed as (
    update job set state = case when attempt >= attempts then 'failed' else 'pending' end
    where id = $1 and fence = $2 and state = 'running' returning id, fence
  )
  insert into job_attempt (job_id, fence, error) select id, fence, $3 from failed`;

const open = (url: string, connections: number): Promise<Store> => {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  let listener: pg.Client | undefined;

  const locked = async (limit: number): Promise<Claimed[]> => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query('select pg_advisory_xact_lock(1, hashtext($1))', [
        QUEUE,
      ]);
      const { rows } = await client.query<Claimed>(claimSql(cappedChoice), [
        QUEUE,
        limit,
      ]);
      await client.query('commit');
      return rows;
    } finally {
      client.release();
    }
  };

  return Promise.resolve({
    enqueue: async (jobs: readonly NewJob[], notify: boolean) => {
      const { rows } = await pool.query<{ written: number }>(enqueueSql, [
        jobs.map(() => uuidv7()),
        jobs.map(({ number }) => number),
        jobs.map(({ tenant }) => tenant),
        jobs.map(({ key }) => key ?? null),
        QUEUE,
        notify,
      ]);
      return rows[0]?.written ?? 0;
    },
    claim: async (limit: number, mode: Mode) => {
      if (mode === 'locked') return locked(limit);
      const { rows } = await pool.query<Claimed>(
        claimSql(mode === 'soft' ? cappedChoice : openChoice),
        [QUEUE, limit],
      );
      return rows;
    },
    complete: async (jobs: readonly Claimed[]) => {
      const { rowCount } = await pool.query(completeSql, [
        jobs.map(({ id }) => id),
        jobs.map(({ fence }) => fence),
      ]);
      return rowCount ?? 0;
    },
    fail: async ({ id, fence }: Claimed, error: string) => {
      await pool.query(failSql, [id, fence, error]);
    },
    listen: async (wake: () => void) => {
      listener = new pg.Client({ connectionString: url });
      await listener.connect();
      listener.on('notification', wake);
      await listener.query('listen job');
    },
    errors: async (id: string) => {
      const { rows } = await pool.query<{ error: string }>(
        'select error from job_attempt where job_id = $1 order by fence',
        [id],
      );
      return rows.map(({ error }) => error);
    },
    forgetFinished: async () => {
      await pool.query('delete from job_completed');
    },
    close: async () => {
      await listener?.end();
      await pool.end();
    },
  });
};

/** One table of our own. */
export const ownTable: Candidate = {
  install: async (url) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(tables);
    await client.end();
  },
  open,
  mostRunning: `select coalesce(max(jobs), 0)::int as running from (
    select count(*) as jobs from job where state = 'running' group by tenant) as tenants`,
};
