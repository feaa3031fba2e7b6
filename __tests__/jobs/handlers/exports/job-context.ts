import { randomUUID } from 'node:crypto';

import { pino } from 'pino';
import type { DataSource } from 'typeorm';

import type { JobContext, RunningJob } from '../../../../src/jobs/handler.ts';

export interface TestContext extends JobContext {
  /** What the handler told of its progress. */
  readonly told: { readonly fraction: number; readonly at?: string }[];
  readonly lines: string[];
}

interface Given {
  readonly job?: Partial<RunningJob>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
}

/** What a handler gets from the dispatcher; here for one that is called without it. */
export const jobContext = (
  con: DataSource,
  { job, signal = new AbortController().signal, onProgress }: Given = {},
): TestContext => {
  const told: { fraction: number; at?: string }[] = [];
  const lines: string[] = [];
  const now = new Date();
  return {
    con,
    signal,
    told,
    lines,
    logger: pino({ level: 'silent' }),
    job: {
      id: randomUUID(),
      name: 'test',
      queue: 'default',
      attempt: 1,
      attempts: 2,
      createdAt: now,
      runAt: now,
      ...job,
    },
    progress: (fraction, at) => {
      told.push({ fraction, ...(at !== undefined && { at }) });
      onProgress?.(fraction);
    },
    log: (line) => lines.push(line),
  };
};
