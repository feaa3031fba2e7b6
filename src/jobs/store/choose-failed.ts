import type { ClaimRequest } from '../port.ts';
import type { Queue } from '../queue.ts';
import { type Choice, eligible } from './choice.ts';

/** Of a lane at most one that has failed, the oldest, and none while another of it runs. */
const laneIsFree = `(job.lane is null or not exists (
  select from job as other
  where other.queue = job.queue and other.lane = job.lane
    and (other.state = 'running' or (other.state = 'failed' and other.sequence < job.sequence))))`;

/**
 * Chooses jobs whose attempts are used up, the oldest failure first. In a strict queue at most one of a
 * lane, and none of a lane in which a job runs; of a tenant with a cap no more than it has room for. Rates do
 * not hold them up: whoever has them run again has chosen the time.
 *
 * Where a queue has a cap, only one may choose from it at a time.
 */
export const failedChoice = (request: ClaimRequest, queue: Queue): Choice => {
  const { sql, parameters } = eligible(request, 5);
  const failed = `queue = $1 and state = 'failed' and failed_at <= coalesce($3, clock_timestamp())
    and ($4::uuid is null or id = $4) and ${sql} and ${laneIsFree}`;
  return {
    sql:
      queue.tenantConcurrency === undefined
        ? `
      select id, state, rank, turn from job
      where ${failed}
      order by failed_at, id limit $2
      for update skip locked`
        : `
      select id, state, rank, turn from (
        select job.*, row_number() over (partition by tenant order by failed_at, id) + (
          select count(*) from job as other
          where other.queue = job.queue and other.tenant = job.tenant and other.state = 'running') as nth
        from job where ${failed}
      ) as job
      where tenant = '' or nth <= $8
      order by failed_at, id limit $2`,
    parameters: [
      request.queue,
      request.limit,
      request.failedBefore ?? null,
      request.id ?? null,
      ...parameters,
      ...(queue.tenantConcurrency === undefined
        ? []
        : [queue.tenantConcurrency]),
    ],
  };
};
