import type { EntityManager } from 'typeorm';

import type { Settlement } from '../port.ts';
import { isRunning, lookUp, sameKey } from './look-up.ts';
import { keepNotes } from './notes.ts';
import { prepared } from './prepared.ts';

/**
 * The parts of a statement that take completed jobs out of the queue into the archive, for those who do it
 * together with something else. `given` names a part of theirs with a row for each: `id`, `fence` and
 * `result` (JSON as text). An entry at the desk of a job that was run again is closed. `gone` has the jobs that
 * were there.
 *
 * @param whose which of them are still the one's who completes them; a condition on `job`
 */
export const completeSql = (given: string, whose: string): string => `
  gone as (
    delete from job using ${given}
    where ${sameKey('job', given, 'id', 'fence')} and ${whose}
    returning job.*, ${given}.result
  ), archived as (
    insert into jobs_completed (
      id, queue, name, state, priority, tenant, key, payload, result, attempt, attempts, worker, cause,
      traceparent, created_at, run_at, started_at, finished_at
    )
    select id, queue, name, 'completed', priority, tenant, key, payload, result::jsonb, attempt, attempts,
      worker, cause, traceparent, created_at, run_at, started_at, clock_timestamp()
    from gone
  ), ended as (
    update job_attempt set ended_at = clock_timestamp()
    from gone where job_attempt.job_id = gone.id and job_attempt.fence = gone.fence
  ), closed as (
    update dead_letter set state = 'redriven', redrives = redrives + 1, state_changed_at = now(),
      state_changed_by = gone.worker, state_reason = 'the job was run again'
    from gone
    where gone.rerun and dead_letter.source = 'job' and dead_letter.subscription = gone.queue
      and dead_letter.identity = gone.id::text and dead_letter.state = 'open'
  )`;

/** A completed job leaves the queue for the archive in one statement. */
const statement = `
  with given as (
    select * from unnest($1::uuid[], $2::int[], $3::text[]) as entry (id, fence, result)
    where ${lookUp('fence')}
  ), ${completeSql('given', isRunning)}
  select id from gone`;

/** @returns the ids of the jobs that were completed; the others have another owner by now. */
export const settleCompleted = async (
  manager: EntityManager,
  settlements: readonly Settlement[],
): Promise<ReadonlySet<string>> => {
  await keepNotes(manager, settlements);
  const rows = await prepared<{ id: string }>(manager, statement, [
    settlements.map(({ id }) => id),
    settlements.map(({ fence }) => fence),
    settlements.map(({ outcome }) =>
      outcome.type === 'completed' ? (outcome.result ?? null) : null,
    ),
  ]);
  return new Set(rows.map(({ id }) => id));
};
