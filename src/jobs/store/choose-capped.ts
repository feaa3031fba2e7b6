import type { ClaimRequest } from '../port.ts';
import type { Queue } from '../queue.ts';
import { type Choice, eligible } from './choice.ts';
import { tokensSql } from './rates.ts';

/** More than any limit. */
const unlimited = 1_000_000;

/**
 * Chooses from a queue whose tenants have a cap or a rate. It goes from tenant to tenant by the index
 * instead of along the line, which may hold fifty thousand jobs of a tenant that has its cap.
 *
 * Only one may choose from a queue at a time.
 */
export const cappedChoice = (request: ClaimRequest, queue: Queue): Choice => {
  const { sql, parameters } = eligible(request, 8);
  const { rate, tenantRate } = queue;
  return {
    sql: `
      with recursive tenant as (
        (select tenant from job where queue = $1 and state = 'pending' and sequence > 0 order by tenant limit 1)
        union all
        select (
          select job.tenant from job
          where queue = $1 and state = 'pending' and sequence > 0 and job.tenant > tenant.tenant
          order by job.tenant limit 1)
        from tenant where tenant.tenant is not null
      ), running as (
        select tenant, count(*) as jobs from job where queue = $1 and state = 'running' group by tenant
      ), room as (
        select tenant.tenant, least(
          $2::int,
          case when tenant.tenant = '' then $2::int else $3::int - coalesce(running.jobs, 0) end,
          case when tenant.tenant = '' or $6::float8 is null then $2::int
            else floor(${tokensSql('$6::float8', '$7::float8')}) end
        ) as jobs
        from tenant left join running using (tenant)
        left join job_rate on job_rate.queue = $1 and job_rate.tenant = tenant.tenant and tenant.tenant <> ''
        where tenant.tenant is not null
      )
      select chosen.* from room cross join lateral (
        select id, state, rank, turn from job
        where queue = $1 and state = 'pending' and sequence > 0 and job.tenant = room.tenant and ${sql}
        order by rank desc, turn limit greatest(room.jobs, 0)
      ) as chosen
      order by rank desc, turn
      limit (
        select least($2::int, case when $4::float8 is null then $2::int
          else floor(${tokensSql('$4::float8', '$5::float8')}) end)
        from (values (0)) as one left join job_rate on queue = $1 and tenant = '')`,
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
