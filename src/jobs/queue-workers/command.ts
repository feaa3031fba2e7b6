import { setTimeout as delay } from 'node:timers/promises';

import type { DataSource, QueryRunner } from 'typeorm';

import type { ClaimedRun, RunResult } from './rows.ts';

/** Between two cancellations in milliseconds: the first may come before the command has begun. */
const AGAIN = 250;

/** Cancels whatever a session does, until `settled`. */
const cancelUntil = async (
  con: DataSource,
  pid: number,
  settled: Promise<unknown>,
): Promise<void> => {
  let going = true;
  const ended = settled.then(
    () => (going = false),
    () => (going = false),
  );
  while (going) {
    await con.query('select pg_cancel_backend($1)', [pid]);
    await Promise.race([ended, delay(AGAIN)]);
  }
};

const runUntilAborted = async (
  con: DataSource,
  runner: QueryRunner,
  pid: number,
  command: string,
  signal: AbortSignal,
): Promise<void> => {
  signal.throwIfAborted();
  const settled = runner.query(command);
  let cancelling: Promise<void> | undefined;
  const cancel = (): void => {
    cancelling = cancelUntil(con, pid, settled).catch(() => undefined);
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    await settled;
  } finally {
    signal.removeEventListener('abort', cancel);
    // A cancellation on its way must not meet whoever has this connection next.
    await cancelling;
  }
};

/**
 * Runs a command as pg_cron would: on its own, not within a transaction, as the role that scheduled it.
 *
 * @returns what became of it; it never throws because of the command.
 */
export const runCommandOf = async (
  con: DataSource,
  { command, username, timeoutMilliseconds }: ClaimedRun,
  signal: AbortSignal,
): Promise<RunResult> => {
  const runner = con.createQueryRunner();
  try {
    const [session] = (await runner.query(
      `select pg_backend_pid() as pid, set_config('statement_timeout', $1, false),
         set_config('role', $2, false)`,
      [String(timeoutMilliseconds), username],
    )) as { pid: number }[];
    await runUntilAborted(con, runner, session!.pid, command ?? '', signal);
    return {};
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  } finally {
    // Whatever the command left behind in the session.
    await runner
      .query('rollback')
      .then(() => runner.query('discard all'))
      .finally(() => runner.release());
  }
};
