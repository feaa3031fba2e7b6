import type { DataSource } from 'typeorm';

import type { ClaimedRun, RunResult } from './rows.ts';

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
  const cancelled = Promise.withResolvers<void>();
  try {
    const [session] = (await runner.query(
      `select pg_backend_pid() as pid, set_config('statement_timeout', $1, false),
         set_config('role', $2, false)`,
      [String(timeoutMilliseconds), username],
    )) as { pid: number }[];
    const cancel = (): void =>
      void con
        .query('select pg_cancel_backend($1)', [session!.pid])
        .then(() => cancelled.resolve(), cancelled.resolve);
    signal.addEventListener('abort', cancel, { once: true });
    try {
      signal.throwIfAborted();
      await runner.query(command ?? '');
    } finally {
      signal.removeEventListener('abort', cancel);
      // A cancellation on its way must not meet whoever has this connection next.
      if (signal.aborted) await cancelled.promise;
    }
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
