import type { Worker } from 'node:worker_threads';

import { startThread } from '../start-thread.ts';
import { FeedTooComplexError, UnreadableFeedError } from './errors.ts';
import type { ParseAnswer, ParsedFeed, ParseRequest } from './item.ts';
import type { SyncLimits } from './limits.ts';

export interface ParseOptions {
  readonly connectionId: string;
  /** Ends the thread at once. */
  readonly signal: AbortSignal;
  readonly limits: Pick<
    SyncLimits,
    'parseSeconds' | 'parseMemory' | 'maximumItems'
  >;
}

/** The heap is full, or the stack: something is nested without end. */
const outOfMemory = (error: unknown): boolean => {
  const { code, name } = error as NodeJS.ErrnoException;
  return code === 'ERR_WORKER_OUT_OF_MEMORY' || name === 'RangeError';
};

/** Waits for the one answer of a thread, and ends the thread whatever comes. */
const answerOf = async (
  worker: Worker,
  { connectionId, signal, limits }: ParseOptions,
): Promise<ParseAnswer> => {
  const answered = Promise.withResolvers<ParseAnswer>();
  const refuse = (reason: 'time' | 'memory'): void =>
    answered.reject(new FeedTooComplexError(connectionId, reason));
  const abort = (): void => answered.reject(signal.reason as Error);
  worker.once('message', answered.resolve);
  worker.once('error', (error) =>
    outOfMemory(error) ? refuse('memory') : answered.reject(error),
  );
  worker.once('exit', () => refuse('memory'));
  const timer = setTimeout(() => refuse('time'), limits.parseSeconds * 1_000);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await answered.promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    await worker.terminate();
  }
};

/**
 * Parses a feed in a thread of its own, so that neither its size nor its shape holds up the process.
 *
 * @throws UnreadableFeedError if it is no feed; FeedTooComplexError if it takes more time or memory than it may
 */
export const parseFeedInThread = async (
  answer: Omit<ParseRequest, 'maximumItems'>,
  options: ParseOptions,
): Promise<ParsedFeed> => {
  options.signal.throwIfAborted();
  const workerData: ParseRequest = {
    ...answer,
    maximumItems: options.limits.maximumItems,
  };
  const worker = startThread(
    new URL('./parse-thread.ts', import.meta.url),
    options.limits.parseMemory,
    { name: 'feed', workerData },
  );
  const read = await answerOf(worker, options);
  if (read.type === 'parsed') return read.feed;
  throw new UnreadableFeedError(options.connectionId, read.reason, read.detail);
};
