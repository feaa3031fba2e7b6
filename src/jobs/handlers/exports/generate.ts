import { JobCutError, LeaseLostError } from '../../dispatch/errors.ts';
import type { JobContext } from '../../handler.ts';
import { announce } from './announce.ts';
import {
  begin,
  fail,
  finish,
  type RunningExport,
  type WrittenFile,
} from './state.ts';
import { type ExportTools, writeExport } from './write.ts';

/** Milliseconds that a link in a mail holds: 7 days, the most that a bucket signs for. */
const linkAge = 7 * 86_400_000;

/** What became of an export's job; kept as its result. */
export type ExportResult =
  | (WrittenFile & { readonly outcome: 'ready' | 'was ready' })
  | { readonly outcome: 'nothing to do' | 'gone' };

const writeAndTell = async (
  running: RunningExport,
  context: JobContext,
  tools: ExportTools,
): Promise<ExportResult> => {
  const { con, signal } = context;
  // Made before anything is written: without a secret or a key to sign with, it cannot be.
  const link = await tools.storage.link(
    running.objectKey,
    new Date(Date.now() + linkAge),
  );
  const file = await writeExport(running, context, tools);
  signal.throwIfAborted();
  const outcome = await con.transaction(async (manager) => {
    const finished = await finish(manager, running.id, file);
    if (finished === 'ready') await announce(manager, running, file, link);
    return finished;
  });
  if (outcome !== 'gone') return { outcome, ...file };
  // Deleted while it was written, by whoever deletes the object before the row.
  await tools.storage.delete(running.objectKey);
  return { outcome };
};

/**
 * Generates an export. Killed at any point, the next attempt begins again under the same object key: what
 * stands there is whole, and the row names it, so that retention finds it.
 */
export const generateExport = async (
  exportId: string,
  context: JobContext,
  tools: ExportTools,
): Promise<ExportResult> => {
  const running = await begin(context.con, exportId);
  if (!running) return { outcome: 'nothing to do' };
  try {
    return await writeAndTell(running, context, tools);
  } catch (error) {
    const { reason } = context.signal as { readonly reason: unknown };
    // The row is then that of the run which took the job over.
    if (reason instanceof LeaseLostError) throw error;
    const { attempt, attempts } = context.job;
    const last = attempt >= attempts && !(reason instanceof JobCutError);
    await fail(context.con, exportId, error, last);
    throw error;
  }
};
