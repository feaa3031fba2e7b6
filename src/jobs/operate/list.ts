import type { EntityManager } from 'typeorm';

import type { JobState } from '../port.ts';

/** A job in a list. */
export interface ListedJob {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly state: JobState;
  readonly tenant: string | null;
  readonly attempt: number;
  readonly attempts: number;
  readonly createdAt: Date;
  readonly runAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

export interface JobFilter {
  readonly state: JobState;
  readonly queue?: string | undefined;
  readonly name?: string | undefined;
  /** The last id of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Milliseconds after which a list is given up: a rare name among millions is no reason to keep Postgres busy. */
const statementTimeout = 5_000;

const columns = (ended: string): string => `
  id, queue, name, state, nullif(tenant, '') as tenant, attempt, attempts, created_at as "createdAt",
  run_at as "runAt", started_at as "startedAt", ${ended} as "finishedAt"`;

// Ids tell no order: those of jobs that a handler created are made of its cause.
const beyond = (table: string, moment: string): string =>
  `($4::uuid is null or (${moment}, id) < ((select ${moment} from ${table} where id = $4), $4))`;

const queueSql = `
  select ${columns('failed_at')} from job
  where state = $1 and ($2::text is null or queue = $2) and ($3::text is null or name = $3)
    and ${beyond('job', 'created_at')}
  order by created_at desc, id desc limit $5`;

const archiveSql = `
  select ${columns('finished_at')} from jobs_completed
  where state = $1 and ($2::text is null or queue = $2) and ($3::text is null or name = $3)
    and ${beyond('jobs_completed', 'finished_at')}
  order by finished_at desc, id desc limit $5`;

/** From one pair of queue and name to the next one in the index: there are few, of however many jobs. */
const archiveByKindSql = `
  with recursive kind as (
    (select queue, name from jobs_completed order by queue, name limit 1)
    union all
    select next.queue, next.name from kind cross join lateral (
      select queue, name from jobs_completed as archived
      where (archived.queue, archived.name) > (kind.queue, kind.name) order by queue, name limit 1
    ) as next
  )
  select found.* from kind cross join lateral (
    select ${columns('finished_at')} from jobs_completed
    where queue = kind.queue and name = kind.name and state = $1 and ${beyond('jobs_completed', 'finished_at')}
    order by finished_at desc, id desc limit $5
  ) as found
  where ($2::text is null or kind.queue = $2) and ($3::text is null or kind.name = $3)
  order by "finishedAt" desc, id desc limit $5`;

const statementOf = ({ state, queue, name }: JobFilter): string => {
  // The few that were cancelled have an index of their own.
  if (state === 'cancelled') return archiveSql;
  if (state !== 'completed') return queueSql;
  return queue === undefined && name === undefined
    ? archiveSql
    : archiveByKindSql;
};

/**
 * Jobs of one state: the completed and the cancelled ones by their end, the others by their creation, the newest first. Where the job
 * that a page begins after is not in this state any more, the page is empty.
 */
export const listJobs = (
  manager: EntityManager,
  filter: JobFilter,
): Promise<ListedJob[]> =>
  manager.transaction(async (own) => {
    await own.query(`select set_config('statement_timeout', $1, true)`, [
      String(statementTimeout),
    ]);
    const { state, queue, name, after, limit } = filter;
    return own.query<ListedJob[]>(statementOf(filter), [
      state,
      queue ?? null,
      name ?? null,
      after ?? null,
      limit,
    ]);
  });
