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

type Row = Omit<QueueStatistics, 'pausedBy' | 'completed'> & {
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
  ), paused as (
    select name as queue, coalesce(paused_by, '') as by from job_queue
    where paused_at is not null and ($1::text is null or name = $1)
  )
  select queue, coalesce(pending, 0) as pending, coalesce(scheduled, 0) as scheduled,
    coalesce(running, 0) as running, coalesce(failed, 0) as failed,
    greatest(coalesce(oldest, 0), 0) as "oldestDueSeconds", paused.by as "pausedBy"
  from counted full join paused using (queue)`;

const completedSql = `
  select queue, count(*)::int as completed from jobs_completed
  where finished_at > now() - interval '1 hour' and state = 'completed' and ($1::text is null or queue = $1)
  group by queue`;

/** Jobs by queue that were completed in the last hour. */
export type ReadCompleted = (
  manager: EntityManager,
  queue?: string,
) => Promise<ReadonlyMap<string, number>>;

const countCompleted: ReadCompleted = async (manager, queue) => {
  const rows = await manager.query<{ queue: string; completed: number }[]>(
    completedSql,
    [queue ?? null],
  );
  return new Map(rows.map((row) => [row.queue, row.completed]));
};

const nothing: Omit<Row, 'queue'> = {
  pending: 0,
  scheduled: 0,
  running: 0,
  failed: 0,
  oldestDueSeconds: 0,
  pausedBy: null,
};

/**
 * Counts the jobs of one queue, or of every queue that has any.
 *
 * @param readCompleted whoever asks often gives `completedLately`. @default counts an hour of the archive
 */
export const queueStatistics = async (
  manager: EntityManager,
  queue?: string,
  readCompleted: ReadCompleted = countCompleted,
): Promise<QueueStatistics[]> => {
  const rows = await manager.query<Row[]>(statement, [queue ?? null]);
  const completed = await readCompleted(manager, queue);
  const waiting = new Map(rows.map((row) => [row.queue, row]));
  return [...new Set([...waiting.keys(), ...completed.keys()])]
    .sort()
    .map((name) => {
      const { pausedBy, ...row } = waiting.get(name) ?? nothing;
      return {
        ...row,
        queue: name,
        completed: completed.get(name) ?? 0,
        pausedBy: pausedBy ?? undefined,
      };
    });
};
