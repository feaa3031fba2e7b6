import { JobCutError, LeaseLostError } from '../../dispatch/errors.ts';
import type { EntityManager } from 'typeorm';

import type { JobContext, RunningJob } from '../../handler.ts';
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

/** What writing a file needs of the job or the flow's task that does. */
export type FileContext = Pick<
  JobContext,
  'con' | 'log' | 'progress' | 'signal'
> & { readonly job: Pick<RunningJob, 'attempt' | 'attempts'> };

/** Tells that the file is ready, in the transaction in which it becomes so. */
type Tell = (manager: EntityManager, file: WrittenFile) => Promise<void>;

/** Prepares telling before anything is written, so that what cannot be told is not written. */
type Prepare = (running: RunningExport) => Promise<Tell>;

const writeAndTell = async (
  running: RunningExport,
  context: FileContext,
  tools: ExportTools,
  prepare: Prepare | undefined,
): Promise<ExportResult> => {
  const { con, signal } = context;
  const tell = await prepare?.(running);
  const file = await writeExport(running, context, tools);
  signal.throwIfAborted();
  const outcome = await con.transaction(async (manager) => {
    const finished = await finish(manager, running.id, file);
    if (finished === 'ready') await tell?.(manager, file);
    return finished;
  });
  if (outcome !== 'gone') return { outcome, ...file };
  // Deleted while it was written, by whoever deletes the object before the row.
  await tools.storage.delete(running.objectKey);
  return { outcome };
};

/** Keeps why an attempt failed, unless the row is that of the run which took the work over. */
const recordFailure = async (
  exportId: string,
  { con, job: { attempt, attempts }, signal }: FileContext,
  error: unknown,
): Promise<void> => {
  const { reason } = signal as { readonly reason: unknown };
  if (reason instanceof LeaseLostError) return;
  const last = attempt >= attempts && !(reason instanceof JobCutError);
  await fail(con, exportId, error, last);
};

/**
 * Writes the file of an export. Killed at any point, the next attempt begins again under the same object key:
 * what stands there is whole, and the row names it, so that retention finds it.
 *
 * @param prepare for whoever tells of this file by itself; by default nobody is told
 */
export const writeFile = async (
  exportId: string,
  context: FileContext,
  tools: ExportTools,
  prepare?: Prepare,
): Promise<ExportResult> => {
  const running = await begin(context.con, exportId);
  if (!running) return { outcome: 'nothing to do' };
  try {
    return await writeAndTell(running, context, tools, prepare);
  } catch (error) {
    await recordFailure(exportId, context, error);
    throw error;
  }
};

/** Generates an export and tells whoever asked for it, with a link. */
export const generateExport = (
  exportId: string,
  context: JobContext,
  tools: ExportTools,
): Promise<ExportResult> =>
  writeFile(exportId, context, tools, async (running) => {
    // Without a secret or a key to sign with, it cannot be made.
    const expires = new Date(Date.now() + linkAge);
    const link = await tools.storage.link(running.objectKey, expires);
    return (manager, file) => announce(manager, running, file, link);
  });
