import type { EntityManager } from 'typeorm';

/** What waits, runs and has failed in one queue. */
export interface QueueStatistics {
  readonly queue: string;
  /** Due, and not begun. */
  readonly pending: number;
  /** Not due yet, also between two attempts. */
  readonly scheduled: number;
  readonly running: number;
  /** Attempts used up. */
  readonly failed: number;
  /** In the last hour. */
  readonly completed: number;
  /** How long the oldest job has been due, in seconds; 0 if none is. */
  readonly oldestDueSeconds: number;
  readonly pausedBy: string | undefined;
}

type Row = Omit<QueueStatistics, 'pausedBy'> & {
  readonly pausedBy: string | null;
};

const statement = `
  with counted as (
    select queue,
      count(*) filter (where state = 'pending')::int as pending,
      count(*) filter (where state = 'scheduled')::int as scheduled,
      count(*) filter (where state = 'running')::int as running,
      count(*) filter (where state = 'failed')::int as failed,
      extract(epoch from now() - min(run_at) filter (where state = 'pending'))::float8 as oldest
    from job where $1::text is null or queue = $1 group by queue
  ), finished as (
    select queue, count(*)::int as completed from jobs_completed
    where finished_at > now() - interval '1 hour' and state = 'completed' and ($1::text is null or queue = $1)
    group by queue
  ), paused as (
    select name as queue, coalesce(paused_by, '') as by from job_queue
    where paused_at is not null and ($1::text is null or name = $1)
  )
  select queue, coalesce(pending, 0) as pending, coalesce(scheduled, 0) as scheduled,
    coalesce(running, 0) as running, coalesce(failed, 0) as failed, coalesce(completed, 0) as completed,
    greatest(coalesce(oldest, 0), 0) as "oldestDueSeconds", paused.by as "pausedBy"
  from counted full join finished using (queue) full join paused using (queue)
  order by queue`;

/** Counts the jobs of one queue, or of every queue that has any. */
export const queueStatistics = async (
  manager: EntityManager,
  queue?: string,
): Promise<QueueStatistics[]> => {
  const rows = await manager.query<Row[]>(statement, [queue ?? null]);
  return rows.map(({ pausedBy, ...row }) => ({
    ...row,
    pausedBy: pausedBy ?? undefined,
  }));
};
