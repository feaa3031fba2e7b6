import type { ClaimRequest } from '../port.ts';
import type { Queue, RateLimit } from '../queue.ts';
import { type Choice, eligible } from './choice.ts';
import { tokensSql } from './rates.ts';

/** More than any limit. */
const unlimited = 1_000_000;

/** How far along the line a claim looks, in multiples of what it wants. */
const reach = 2;

/** A rate as parameters of the statement; without one the statement has none of it, and is cheaper. */
interface RateParameters {
  readonly count: string;
  readonly seconds: string;
}

/** How many more of a tenant's jobs may run, with `running` (one row, jobs by tenant) and `job_rate` joined. */
const roomSql = (tenant: string, rate: RateParameters | undefined): string => {
  const free = `$3::int - coalesce((running.jobs ->> ${tenant})::int, 0)`;
  const room = rate
    ? `least(${free}, floor(${tokensSql(rate.count, rate.seconds)}))`
    : free;
  return `case when ${tenant} = '' then ${unlimited} else ${room} end`;
};

const rateOf = (tenant: string, rate: RateParameters | undefined): string =>
  rate
    ? `left join job_rate on job_rate.queue = $1 and job_rate.tenant = ${tenant} and ${tenant} <> ''`
    : '';

/** How many jobs the claim may have at all. */
const wantedSql = (rate: RateParameters | undefined): string =>
  rate
    ? `select greatest(0, least($2::int, floor(${tokensSql(rate.count, rate.seconds)})))::int as jobs
       from (values (0)) as one left join job_rate on queue = $1 and tenant = ''`
    : 'select $2::int as jobs';

/**
 * Chooses from a queue whose tenants have a cap or a rate. It looks at the beginning of the line, where
 * by its turns many tenants stand. Where that does not suffice, because a tenant that has its cap fills it with
 * perhaps fifty thousand jobs, it goes from tenant to tenant by the index.
 *
 * Only one may choose from a queue at a time.
 */
export const cappedChoice = (request: ClaimRequest, queue: Queue): Choice => {
  const { sql, parameters } = eligible(request, 4);
  const values: unknown[] = [
    request.queue,
    request.limit,
    queue.tenantConcurrency ?? unlimited,
    ...parameters,
  ];
  const parametersOf = (
    rate: RateLimit | undefined,
  ): RateParameters | undefined => {
    if (!rate) return undefined;
    const last = values.push(rate.count, rate.seconds);
    return { count: `$${last - 1}::float8`, seconds: `$${last}::float8` };
  };
  const rate = parametersOf(queue.rate);
  const tenantRate = parametersOf(queue.tenantRate);
  return {
    sql: `
      with recursive running as materialized (
        select coalesce(jsonb_object_agg(tenant, jobs), '{}') as jobs from (
          select tenant, count(*) as jobs from job where queue = $1 and state = 'running' group by tenant
        ) as counted
      ), wanted as materialized (
        ${wantedSql(rate)}
      ), line as materialized (
        select id, state, rank, turn, tenant from job
        where queue = $1 and state = 'pending' and turn >= 0 and ${sql}
        order by rank desc, turn limit $2::int * ${reach}
      ), roomy as materialized (
        select line.*, ${roomSql('line.tenant', tenantRate)} as room
        from line cross join running ${rateOf('line.tenant', tenantRate)}
      ), near as materialized (
        select id, state, rank, turn from (
          select roomy.*, row_number() over (partition by tenant order by rank desc, turn) as nth
          from roomy where room > 0
        ) as placed
        where nth <= room
        order by rank desc, turn limit (select jobs from wanted)
      ), suffices as materialized (
        select (select count(*) from near) >= (select jobs from wanted)
          or (select count(*) from line) < $2::int * ${reach} as yes
      ), tenant as (
        (select tenant from job where queue = $1 and state = 'pending' and sequence > 0 order by tenant limit 1)
        union all
        select (
          select job.tenant from job
          where queue = $1 and state = 'pending' and sequence > 0 and job.tenant > tenant.tenant
          order by job.tenant limit 1)
        from tenant where tenant.tenant is not null
      ), far as (
        select chosen.* from (
          select tenant.tenant, ${roomSql('tenant.tenant', tenantRate)} as jobs
          from tenant cross join running ${rateOf('tenant.tenant', tenantRate)}
          where tenant.tenant is not null
        ) as room cross join lateral (
          select id, state, rank, turn from job
          where queue = $1 and state = 'pending' and sequence > 0 and job.tenant = room.tenant and ${sql}
          order by rank desc, turn limit greatest(least(room.jobs, $2::int), 0)
        ) as chosen
        order by rank desc, turn limit (select jobs from wanted)
      )
      select * from near where (select yes from suffices)
      union all
      select * from far where not (select yes from suffices)`,
    parameters: values,
  };
};
