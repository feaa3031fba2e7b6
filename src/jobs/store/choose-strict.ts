import type { ClaimRequest } from '../port.ts';
import type { Queue } from '../queue.ts';
import { type Choice, eligible } from './choice.ts';

/** Goes from lane to lane of a strict queue (`$1`) by the index. */
export const lanesSql = `lane as (
    (select lane from job where queue = $1 and lane is not null order by lane limit 1)
    union all
    select (
      select job.lane from job where queue = $1 and job.lane > lane.lane order by job.lane limit 1)
    from lane where lane.lane is not null
  )`;

/** Whether an operator has yet to decide about a failed job: resolved, its lane goes on without it. */
export const isOpenAtDesk = `exists (
    select from dead_letter
    where source = 'job' and subscription = job.queue and identity = job.id::text and dead_letter.state = 'open')`;

/**
 * Who is first in its lane: of those who are due, who runs, who waits for another attempt, and, where
 * the queue halts, who has failed and is not resolved.
 */
export const inLine = (halts: string): string =>
  `(job.state in ('pending', 'running') or (job.state = 'scheduled' and job.attempt > 0)
    or (${halts} and job.state = 'failed' and ${isOpenAtDesk}))`;

/**
 * Chooses the head of every lane of a strict queue, if it is pending. Only one may choose from a
 * queue at a time.
 */
export const strictChoice = (request: ClaimRequest, queue: Queue): Choice => {
  const { sql, parameters } = eligible(request, 4);
  return {
    sql: `
      with recursive ${lanesSql}, head as (
        select first.* from lane cross join lateral (
          select id from job
          where queue = $1 and job.lane = lane.lane and ${inLine('$3')}
          order by sequence limit 1
        ) as first
        where lane.lane is not null and not exists (
          select from job where queue = $1 and job.lane = lane.lane and state = 'running')
      )
      select id, state, rank, turn from job join head using (id)
      where state = 'pending' and ${sql}
      order by rank desc, turn limit $2`,
    parameters: [
      request.queue,
      request.limit,
      queue.onExhausted === 'halt',
      ...parameters,
    ],
  };
};
