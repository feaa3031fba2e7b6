import type { ClaimRequest } from '../port.ts';
import type { Queue } from '../queue.ts';
import { type Choice, eligible } from './choice.ts';
import { tokensSql } from './rates.ts';

/** More than any limit. */
const unlimited = 1_000_000;

/** How far along the line a claim looks, in multiples of what it wants. */
const reach = 2;

/** How many more of a tenant's jobs may run, with `running` (one row, jobs by tenant) and `job_rate` joined. */
const roomSql = (tenant: string): string => `
  case when ${tenant} = '' then ${unlimited} else least(
    $3::int - coalesce((running.jobs ->> ${tenant})::int, 0),
    case when $6::float8 is null then ${unlimited} else floor(${tokensSql('$6::float8', '$7::float8')}) end
  ) end`;

const rateOf = (tenant: string): string =>
  `left join job_rate on job_rate.queue = $1 and job_rate.tenant = ${tenant} and ${tenant} <> ''`;

/**
 * Chooses from a queue whose tenants have a cap or a rate. It looks at the beginning of the line, where
 * by its turns many tenants stand. Where that does not suffice, because a tenant that has its cap fills it with
 * perhaps fifty thousand jobs, it goes from tenant to tenant by the index.
 *
 * Only one may choose from a queue at a time.
 */
export const cappedChoice = (request: ClaimRequest, queue: Queue): Choice => {
  const { sql, parameters } = eligible(request, 8);
  const { rate, tenantRate } = queue;
  return {
    sql: `
      with recursive running as materialized (
        select coalesce(jsonb_object_agg(tenant, jobs), '{}') as jobs from (
          select tenant, count(*) as jobs from job where queue = $1 and state = 'running' group by tenant
        ) as counted
      ), wanted as materialized (
        select greatest(0, least($2::int, case when $4::float8 is null then $2::int
          else floor(${tokensSql('$4::float8', '$5::float8')}) end))::int as jobs
        from (values (0)) as one left join job_rate on queue = $1 and tenant = ''
      ), line as materialized (
        select id, state, rank, turn, tenant from job
        where queue = $1 and state = 'pending' and turn >= 0 and ${sql}
        order by rank desc, turn limit $2::int * ${reach}
      ), near as materialized (
        select id, state, rank, turn from (
          select line.*, row_number() over (partition by line.tenant order by rank desc, turn) as nth,
            ${roomSql('line.tenant')} as room
          from line cross join running ${rateOf('line.tenant')}
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
          select tenant.tenant, ${roomSql('tenant.tenant')} as jobs
          from tenant cross join running ${rateOf('tenant.tenant')}
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
    parameters: [
      request.queue,
      request.limit,
      queue.tenantConcurrency ?? unlimited,
      rate?.count ?? null,
      rate?.seconds ?? null,
      tenantRate?.count ?? null,
      tenantRate?.seconds ?? null,
      ...parameters,
    ],
  };
};
