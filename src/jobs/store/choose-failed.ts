import type { ClaimRequest } from '../port.ts';
import { type Choice, eligible } from './choice.ts';

/**
 * Chooses jobs whose attempts are used up, the oldest failure first. In a strict queue at most one of a
 * lane, and none of a lane in which a job runs.
 */
export const failedChoice = (request: ClaimRequest): Choice => {
  const { sql, parameters } = eligible(request, 5);
  return {
    sql: `
      select id, state, rank, turn from job
      where queue = $1 and state = 'failed' and failed_at <= coalesce($3, clock_timestamp())
        and ($4::uuid is null or id = $4) and ${sql}
        and (lane is null or not exists (
          select from job as other
          where other.queue = job.queue and other.lane = job.lane
            and (other.state = 'running' or (other.state = 'failed' and other.sequence < job.sequence))))
      order by failed_at, id limit $2
      for update skip locked`,
    parameters: [
      request.queue,
      request.limit,
      request.failedBefore ?? null,
      request.id ?? null,
      ...parameters,
    ],
  };
};
