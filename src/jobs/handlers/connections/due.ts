import type { DataSource } from 'typeorm';

import { createJobs } from '../../create-job.ts';

/** Connections of one statement. */
const pageSize = 500;

export interface ScheduleOptions {
  /** Hours after which a connection is due. */
  readonly hours: number;
  readonly signal: AbortSignal;
}

/** What a run found and did. */
export interface Scheduled {
  readonly due: number;
  /** Of these, those that had no job yet. */
  readonly created: number;
}

interface Due {
  readonly id: string;
  readonly attempted: string;
  readonly window: string;
}

interface Place {
  readonly attempted: string;
  readonly id: string;
}

/**
 * The window says since when and for how many periods a connection has waited: it stays the same over the
 * runs of one period, and is another one after a sync, or after a period in which none came about.
 */
const duePage = (
  con: DataSource,
  { hours }: Pick<ScheduleOptions, 'hours'>,
  { attempted, id }: Place,
): Promise<Due[]> =>
  con.query<Due[]>(
    `select id, coalesce(last_attempted_at, '-infinity')::text as attempted,
       concat_ws(' ', coalesce(last_attempted_at, created_at),
         floor(extract(epoch from now() - coalesce(last_attempted_at, created_at)) / ($1 * 3600)),
         requested_at) as window
     from connection
     where disabled_at is null
       and (coalesce(last_attempted_at, '-infinity'), id) > ($2::timestamptz, $3::uuid)
       and (coalesce(last_attempted_at, '-infinity') <= now() - $1 * interval '1 hour'
         or requested_at is not null and (lease_until is null or lease_until < now()))
     order by coalesce(last_attempted_at, '-infinity'), id limit $4`,
    [hours, attempted, id, pageSize],
  );

/**
 * Creates jobs for connections that nobody synced for so many hours, the one that waits longest first, and for
 * those that were to be synced once more by a sync that never came to its end. Two runs, even at once, make
 * one job for each. Runs over in pages; what an abort cuts off the next run finds.
 */
export const scheduleDue = async (
  con: DataSource,
  { hours, signal }: ScheduleOptions,
): Promise<Scheduled> => {
  let place: Place | undefined = {
    attempted: '-infinity',
    id: '00000000-0000-0000-0000-000000000000',
  };
  let due = 0;
  let created = 0;
  while (place) {
    signal.throwIfAborted();
    const page: Due[] = await duePage(con, { hours }, place);
    const jobs = await createJobs(
      'sync-connection',
      page.map(({ id, window }) => ({
        payload: { connectionId: id },
        key: id,
        idempotencyKey: `sync-connection ${id} due ${window}`,
      })),
      { manager: con.manager },
    );
    due += page.length;
    created += jobs.filter((job) => job.created).length;
    place = page.length < pageSize ? undefined : page.at(-1);
  }
  return { due, created };
};
