import type { DataSource, EntityManager } from 'typeorm';

import { privateSchema } from '../queue-worker-sql/index.ts';
import { QueueWorkerAccessError } from './errors.ts';
import { dueTick, tickAfter } from './ticks.ts';

/** A queue worker that this side has to run, because pg_cron does not. */
export interface QueueWorker {
  readonly name: string;
  readonly schedule: string;
  readonly handledUntil: Date;
  readonly runningUntil: Date | null;
}

/** One tick of a queue worker that belongs to this process. */
export interface ClaimedRun {
  readonly id: string;
  readonly worker: string;
  readonly tick: Date;
  readonly timeoutMilliseconds: number;
  /** Where a POST goes; null for a command. */
  readonly url: string | null;
  readonly token: string | null;
  /** SQL, run as `username`. */
  readonly command: string | null;
  readonly username: string;
}

/** How a run ended. */
export interface RunResult {
  /** Of the HTTP answer. */
  readonly status?: number;
  readonly error?: string;
}

interface LockedWorker extends QueueWorker {
  readonly timeoutMilliseconds: number;
  readonly url: string | null;
  readonly command: string | null;
  readonly username: string;
  readonly token: string | null;
}

const MINUTE = 60_000;

/** A clock that was set back by more than a minute is believed. */
export const handledSince = ({ handledUntil }: QueueWorker, now: Date): Date =>
  handledUntil.getTime() > now.getTime() + MINUTE ? now : handledUntil;

const insufficientPrivilege = '42501';

/** What only the owner of the tables may do, said so that whoever reads it knows what to do. */
const asOwner = async <Result>(work: Promise<Result>): Promise<Result> =>
  work.catch((error: unknown) => {
    throw (error as { code?: unknown }).code === insufficientPrivilege
      ? new QueueWorkerAccessError({ cause: error })
      : error;
  });

/** Lets pg_cron and our table agree. @returns whether pg_cron is there. @throws QueueWorkerAccessError */
export const syncWithPgCron = async (con: DataSource): Promise<boolean> => {
  const [state] = await asOwner(
    con.query<{ pgCron: boolean }[]>(
      `select ${privateSchema}.pg_cron() is not null as "pgCron"`,
    ),
  );
  if (state?.pgCron) await con.query('select sync_queue_workers()');
  return state?.pgCron ?? false;
};

/** The queue workers that pg_cron does not run. @throws QueueWorkerAccessError */
export const readQueueWorkers = (con: DataSource): Promise<QueueWorker[]> =>
  asOwner(
    con.query<QueueWorker[]>(
      `select name, schedule, handled_until as "handledUntil", running_until as "runningUntil"
       from queue_worker where pg_cron_job is null order by name`,
    ),
  );

const lock = async (
  manager: EntityManager,
  name: string,
): Promise<LockedWorker | undefined> => {
  const [row] = await manager.query<LockedWorker[]>(
    `select w.name, w.schedule, w.handled_until as "handledUntil", w.running_until as "runningUntil",
       w.timeout_milliseconds as "timeoutMilliseconds", w.url, w.command, w.username, t.token
     from queue_worker w left join ${privateSchema}.token t using (name)
     where w.name = $1 and w.pg_cron_job is null
     for update of w skip locked`,
    [name],
  );
  return row;
};

/** How much longer than its time limit a run is thought to go on, in milliseconds. */
const allowance = 10_000;

/**
 * Takes the tick that has come, for this process alone; undefined if there is none, another process took
 * it, or the run before it goes on. Whoever dies after this leaves that tick out: the next one comes.
 *
 * @throws InvalidScheduleError
 */
export const claimRun = (
  con: DataSource,
  name: string,
  now: Date,
): Promise<ClaimedRun | undefined> =>
  con.transaction(async (manager) => {
    const worker = await lock(manager, name);
    if (!worker || (worker.runningUntil ?? now) > now) return undefined;
    const since = handledSince(worker, now);
    const tick = dueTick(name, worker.schedule, since, now);
    if (!tick) {
      const next = tickAfter(name, worker.schedule, since);
      // The clock was set back, or the tick is over.
      if (since === now || (next && next <= now))
        await manager.query(
          'update queue_worker set handled_until = $2 where name = $1',
          [name, now],
        );
      return undefined;
    }
    await manager.query(
      `update queue_worker
       set handled_until = $2, last_tick = $2,
         running_until = $3::timestamptz + make_interval(secs => ($4::int + timeout_milliseconds) / 1000.0)
       where name = $1`,
      [name, tick, now, allowance],
    );
    const [run] = await manager.query<{ id: string }[]>(
      `insert into queue_worker_run (worker, scheduler, tick, started_at)
       values ($1, 'ticker', $2, $3) returning id`,
      [name, tick, now],
    );
    return { ...worker, id: run!.id, worker: name, tick };
  });

/** Writes down how a run ended, and lets the next one come. */
export const endRun = async (
  con: DataSource,
  { id, worker, tick }: ClaimedRun,
  { status, error }: RunResult,
): Promise<void> => {
  await con.query(
    `with ended as (
       update queue_worker_run set ended_at = clock_timestamp(), status = $2, error = $3 where id = $1
     )
     update queue_worker set running_until = null where name = $4 and last_tick = $5`,
    [id, status ?? null, error?.slice(0, 500) ?? null, worker, tick],
  );
};
