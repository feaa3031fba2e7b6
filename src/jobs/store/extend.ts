import type { EntityManager } from 'typeorm';

import type { Claim, Heartbeat } from '../port.ts';
import { isRunning, lookUp, sameKey } from './look-up.ts';
import { keepNotes } from './notes.ts';
import { prepared } from './prepared.ts';

/**
 * Renews the leases of runs. It waits for nobody: what somebody has locked is just being settled, or will be
 * renewed next time, and must not cost the other runs their leases.
 *
 * A job that completed with this very attempt is nobody else's: the run is just about to hear that its end is written.
 *
 * @returns those that have another owner by now.
 */
export const extend = async (
  manager: EntityManager,
  running: readonly Heartbeat[],
  leaseSeconds: number,
): Promise<Claim[]> => {
  if (running.length === 0) return [];
  const rows = await prepared<{ id: string }>(
    manager,
    `with given as (
       select * from unnest($1::uuid[], $2::int[], $4::int[]) as entry (id, fence, attempt)
       where ${lookUp('fence')}
     ), free as (
       select job.id from job join given on ${sameKey('job', 'given', 'id', 'fence')}
       where ${isRunning}
       for update of job skip locked
     ), extended as (
       update job set lease_until = clock_timestamp() + $3 * interval '1 second'
       from free where ${sameKey('job', 'free', 'id')}
     )
     select given.id from given
     where exists (
         select from job where ${sameKey('job', 'given', 'id', 'fence')} and ${isRunning})
       or exists (
         select from jobs_completed done
         where ${sameKey('done', 'given', 'id', 'attempt')} and done.state = 'completed')`,
    [
      running.map(({ id }) => id),
      running.map(({ fence }) => fence),
      leaseSeconds,
      running.map(({ attempt }) => attempt),
    ],
  );
  await keepNotes(manager, running);
  const held = new Set(rows.map(({ id }) => id));
  return running.filter(({ id }) => !held.has(id));
};
