import type { EntityManager } from 'typeorm';

import type { Operator } from '../dead-letters/audit.ts';
import { countFailedRedrive, markRedriven } from '../dead-letters/claim.ts';
import { shortened } from '../dead-letters/text.ts';
import { within } from '../drain.ts';
import type { DeadLetter } from '../entity/infrastructure/index.ts';
import { Cancellation } from './cancellation.ts';
import { DrainAbortedError } from './errors.ts';
import { handleMessage } from './handle.ts';
import type { HandledRecord } from './handling.ts';
import type { RedriveResult } from './redrive-result.ts';
import type { Redriver, RedriveRequest } from './redriver.ts';
import type { ServedWorker } from './served-worker.ts';
import { messageOf } from './stored-message.ts';

/** Characters of an error in a result; the entry has more of it. */
const longestError = 500;

const messageFrom = (error: unknown): string =>
  shortened(
    error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    longestError,
  );

/**
 * The worker as a redrive runs it: a transactional one commits the state of the entry together with its
 * effects.
 */
const redriving = (
  worker: ServedWorker,
  id: string,
  operator: Operator,
): ServedWorker => ({
  ...worker,
  run: worker.transactional
    ? async (message, con, logger, pubsub) => {
        await worker.run(message, con, logger, pubsub);
        await markRedriven(con as EntityManager, id, operator);
      }
    : worker.run,
});

const resultOf = async (
  { dataSource }: Redriver,
  entry: DeadLetter,
  worker: ServedWorker,
  record: HandledRecord,
  operator: Operator,
): Promise<RedriveResult> => {
  const { id, subscription } = entry;
  switch (record.outcome) {
    case 'ack':
      if (!worker.transactional)
        await markRedriven(dataSource.manager, id, operator);
      return { id, subscription, outcome: 'redriven', duplicate: false };
    case 'duplicate':
      await markRedriven(dataSource.manager, id, operator);
      return { id, subscription, outcome: 'redriven', duplicate: true };
    case 'dead-letter':
      await countFailedRedrive(dataSource.manager, id);
      return {
        id,
        subscription,
        outcome: 'failed',
        error: messageFrom(record.error),
      };
    case 'nack':
      return {
        id,
        subscription,
        outcome: 'interrupted',
        error: messageFrom(record.error),
      };
  }
};

/** A handler whose time was up runs on; the entry stays in hand until it ends, or for its time again. */
const ended = async (
  { abandoned }: HandledRecord,
  { timeoutSeconds, transactional }: ServedWorker,
): Promise<void> => {
  // A transactional one has lost its connection, and can do nothing more.
  if (!abandoned || transactional) return;
  await within(timeoutSeconds * 1_000, abandoned);
};

/** Runs the entry's message through the stages for one worker, and waits until its handler has ended. */
const attempt = async (
  redriver: Redriver,
  entry: DeadLetter,
  worker: ServedWorker,
  { signal, again = false }: RedriveRequest,
): Promise<HandledRecord> => {
  const cancellation = new Cancellation();
  const stop = () => cancellation.cancel(new DrainAbortedError(0));
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    const record = await handleMessage(
      { ...redriver, recorder: redriver.recorder?.of(worker) },
      { ...worker, maxFailures: 1 },
      messageOf(entry, cancellation),
      { again, cancellation },
    );
    await ended(record, worker);
    return record;
  } finally {
    signal.removeEventListener('abort', stop);
  }
};

/** Runs the entry's message for the subscription that failed. */
export const runMessage = async (
  redriver: Redriver,
  entry: DeadLetter,
  worker: ServedWorker,
  request: RedriveRequest,
): Promise<RedriveResult> => {
  const signed = redriving(worker, entry.id, request);
  const record = await attempt(redriver, entry, signed, request);
  return resultOf(redriver, entry, worker, record, request);
};

/**
 * Hands a row's change that the broker had refused to every subscription that would have had it, one
 * after the other. Where a handler fails, that subscription has an entry of its own from then on, so that
 * this one is done. Whoever is killed in the middle leaves it open, and all run once more.
 */
export const handOver = async (
  redriver: Redriver,
  entry: DeadLetter,
  request: RedriveRequest,
): Promise<RedriveResult> => {
  const { id, subscription, topic } = entry;
  const workers = [...redriver.workers.values()].filter(
    (worker) => worker.topic === topic,
  );
  const failures: string[] = [];
  for (const worker of workers) {
    const record = await attempt(redriver, entry, worker, request);
    const error = messageFrom(record.error);
    if (record.outcome === 'nack')
      return { id, subscription, outcome: 'interrupted', error };
    if (record.outcome === 'dead-letter')
      failures.push(`${worker.subscription}: ${error}`);
  }
  await markRedriven(redriver.dataSource.manager, id, request);
  return failures.length === 0
    ? { id, subscription, outcome: 'redriven', duplicate: false }
    : { id, subscription, outcome: 'failed', error: failures.join('; ') };
};
