import type { EntityManager } from 'typeorm';

import type { Claim, Settlement } from '../port.ts';
import { lookUp } from './look-up.ts';
import { keepNotes } from './notes.ts';
import { prepared } from './prepared.ts';

/** A run that goes on, with what it has told so far. */
export type Heartbeat = Omit<Settlement, 'outcome'>;

/**
 * Renews the leases of runs. It waits for nobody: what somebody has locked is just being settled, or will be
 * renewed next time, and must not cost the other runs their leases.
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
       select * from unnest($1::uuid[], $2::int[]) as entry (id, fence)
       where ${lookUp('fence')}
     ), free as (
       select job.id from job join given on job.id = given.id and job.fence = given.fence
       where job.state = 'running'
       for update of job skip locked
     ), extended as (
       update job set lease_until = clock_timestamp() + $3 * interval '1 second'
       from free where job.id = free.id
     )
     select job.id from job join given on job.id = given.id and job.fence = given.fence
     where job.state = 'running'`,
    [
      running.map(({ id }) => id),
      running.map(({ fence }) => fence),
      leaseSeconds,
    ],
  );
  await keepNotes(manager, running);
  const held = new Set(rows.map(({ id }) => id));
  return running.filter(({ id }) => !held.has(id));
};
