import { pino } from 'pino';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import type { Connection } from '../../../../src/entity/index.ts';
import type { JobContext } from '../../../../src/jobs/handler.ts';
import type { SyncLimits } from '../../../../src/jobs/handlers/connections/limits.ts';
import {
  syncConnection,
  type SyncResult,
} from '../../../../src/jobs/handlers/connections/sync.ts';

/** A job that runs, with everything it was told kept. */
export const runningJob = (
  con: DataSource,
  options: { readonly signal?: AbortSignal; readonly jobId?: string } = {},
): JobContext & { readonly lines: string[] } => {
  const lines: string[] = [];
  const now = new Date();
  return {
    con,
    lines,
    job: {
      id: options.jobId ?? uuidv7(),
      name: 'sync-connection',
      queue: 'sync',
      attempt: 1,
      attempts: 3,
      createdAt: now,
      runAt: now,
    },
    logger: pino({ level: 'silent' }),
    signal: options.signal ?? new AbortController().signal,
    progress: () => undefined,
    log: (line) => lines.push(line),
  };
};

/** Syncs as the handler does, on this machine. */
export const sync = (
  con: DataSource,
  { id }: Connection,
  {
    context = runningJob(con),
    limits,
    allowPrivate = true,
    publicUrl,
  }: {
    readonly context?: JobContext;
    readonly limits?: Partial<SyncLimits>;
    readonly allowPrivate?: boolean;
    readonly publicUrl?: string;
  } = {},
): Promise<SyncResult> =>
  syncConnection(id, context, {
    allowPrivate,
    publicUrl,
    ...(limits && { limits }),
  });
