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

// Ids tell no order: those of jobs that a handler created are made of its cause.
const statementOf = (state: JobState): string => {
  const [table, moment, ended] =
    state === 'completed' || state === 'cancelled'
      ? ['jobs_completed', 'finished_at', 'finished_at']
      : ['job', 'created_at', 'failed_at'];
  return `
    select id, queue, name, state, nullif(tenant, '') as tenant, attempt, attempts, created_at as "createdAt",
      run_at as "runAt", started_at as "startedAt", ${ended} as "finishedAt"
    from ${table}
    where state = $1 and ($2::text is null or queue = $2) and ($3::text is null or name = $3)
      and ($4::uuid is null or (${moment}, id) < (select ${moment}, id from ${table} where id = $4))
    order by ${moment} desc, id desc limit $5`;
};

/**
 * Jobs of one state: the completed and the cancelled ones by their end, the others by their creation, the newest first. Where the job
 * that a page begins after is not in this state any more, the page is empty.
 */
export const listJobs = (
  manager: EntityManager,
  { state, queue, name, after, limit }: JobFilter,
): Promise<ListedJob[]> =>
  manager.transaction(async (own) => {
    await own.query(`select set_config('statement_timeout', $1, true)`, [
      String(statementTimeout),
    ]);
    return own.query<ListedJob[]>(statementOf(state), [
      state,
      queue ?? null,
      name ?? null,
      after ?? null,
      limit,
    ]);
  });
