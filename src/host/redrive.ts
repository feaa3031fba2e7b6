import type { EntityManager } from 'typeorm';

import type { CausalityRecorder } from '../causality/recorder.ts';
import type { Operator } from '../dead-letters/audit.ts';
import {
  countFailedRedrive,
  markRedriven,
  signRedriven,
  withClaimedEntry,
} from '../dead-letters/claim.ts';
import { shortened } from '../dead-letters/text.ts';
import type { DeadLetter } from '../entity/infrastructure/index.ts';
import type { RawMessage } from '../workers/worker.ts';
import { Cancellation } from './cancellation.ts';
import { DrainAbortedError } from './errors.ts';
import { handleMessage } from './handle.ts';
import type { HandledRecord, HandleDependencies } from './handling.ts';
import type { RedriveResult, SkipReason } from './redrive-result.ts';
import { republish } from './republish.ts';
import type { ServedWorker } from './served-worker.ts';

export type { RedriveResult } from './redrive-result.ts';

export interface RedriveRequest extends Operator {
  readonly id: string;
  /** Also what is not open, and past the inbox of a transactional worker. @default false */
  readonly again?: boolean;
  /** Runs in place of the stored payload, which the entry keeps. */
  readonly payload?: Buffer;
  /** Aborts the handler. */
  readonly signal: AbortSignal;
  /** Asked with the entry in hand, before it is run. */
  readonly skip?: (entry: DeadLetter, worker: ServedWorker) => boolean;
}

/** What a redrive needs: the parts of a host, and the workers by their subscriptions. */
export interface Redriver extends Omit<HandleDependencies, 'recorder'> {
  /** Records what redrives do, as deliveries. @default nothing is recorded */
  readonly recorder?: Pick<CausalityRecorder, 'of'> | undefined;
  readonly workers: ReadonlyMap<string, ServedWorker>;
  /** Runs a failed job once more; where it is missing, entries of jobs are left alone. */
  readonly rerunJob?: (
    job: {
      readonly id: string;
      readonly queue: string;
      /** JSON that it runs with from now on. @default what it has */
      readonly payload?: string;
    },
    signal: AbortSignal,
  ) => Promise<JobRerun>;
  /**
   * Lets a failed run of a flow go on from its failed step, which closes its entries in the same commit; where it is
   * missing, entries of flows are left alone. @returns `false` if the run has not failed, or is gone
   */
  readonly retryRun?: (run: string, operator: Operator) => Promise<boolean>;
  /** How long the inbox remembers an event, in milliseconds. @default for ever */
  readonly inboxMilliseconds?: number;
}

/** What became of a failed job that was run once more. */
export type JobRerun =
  | { readonly outcome: 'completed' | 'not failed' }
  | { readonly outcome: 'failed' | 'interrupted'; readonly error: string };

const messageOf = (
  entry: DeadLetter,
  cancellation: Cancellation,
): RawMessage => ({
  data: entry.payload,
  attributes: entry.attributes,
  messageId: entry.messageId ?? entry.id,
  publishTime: entry.publishTime ?? entry.firstSeenAt,
  deliveryAttempt: 1,
  orderingKey: entry.orderingKey,
  get signal() {
    return cancellation.signal;
  },
});

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

/** What could not be decoded is at the desk as Postgres sent it, without an identity in it. */
const unfitChange = (
  workers: Redriver['workers'],
  entry: DeadLetter,
): SkipReason | undefined => {
  const [worker] = [...workers.values()].filter(
    ({ topic }) => topic === entry.topic,
  );
  if (!worker) return 'no worker';
  return worker.eventId(messageOf(entry, new Cancellation())) === undefined
    ? 'not a message'
    : undefined;
};

const unfit = (
  { inboxMilliseconds = Infinity, rerunJob, retryRun, workers }: Redriver,
  entry: DeadLetter,
  worker: ServedWorker | undefined,
  { again = false, skip }: RedriveRequest,
): SkipReason | undefined => {
  if (entry.erasedAt) return 'erased';
  if (entry.state !== 'open' && !again) return 'not open';
  if (entry.source === 'outbox') return undefined;
  if (entry.source === 'job' && rerunJob) return undefined;
  if (entry.source === 'cdc') return unfitChange(workers, entry);
  if (entry.source === 'flow' && retryRun) return undefined;
  if (entry.source !== 'pubsub') return 'not a message';
  if (!worker) return 'no worker';
  const publishedAt = (entry.publishTime ?? entry.firstSeenAt).getTime();
  if (
    worker.transactional &&
    !again &&
    Date.now() - publishedAt > inboxMilliseconds
  )
    return 'too old';
  return skip?.(entry, worker) ? 'behind' : undefined;
};

/** A handler whose time was up runs on; the entry stays in hand until it ends, or for its time again. */
const ended = async (
  { abandoned }: HandledRecord,
  { timeoutSeconds, transactional }: ServedWorker,
): Promise<void> => {
  // A transactional one has lost its connection, and can do nothing more.
  if (!abandoned || transactional) return;
  const { promise: timeUp, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutSeconds * 1_000);
  await Promise.race([abandoned, timeUp]);
  clearTimeout(timer);
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

const run = async (
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
const handOver = async (
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

/** Runs the job of an entry once more; its end has changed the entry already. */
const rerun = async (
  { dataSource: { manager } }: Redriver,
  rerunJob: NonNullable<Redriver['rerunJob']>,
  { id, identity, subscription }: DeadLetter,
  request: RedriveRequest,
): Promise<RedriveResult> => {
  const result = await rerunJob(
    {
      id: identity,
      queue: subscription,
      ...(request.payload && { payload: request.payload.toString('utf8') }),
    },
    request.signal,
  );
  switch (result.outcome) {
    case 'completed':
      await signRedriven(manager, id, request);
      return { id, subscription, outcome: 'redriven', duplicate: false };
    case 'failed':
      await countFailedRedrive(manager, id);
      return { id, subscription, outcome: 'failed', error: result.error };
    case 'interrupted':
      return { id, subscription, outcome: 'interrupted', error: result.error };
    case 'not failed':
      return { id, subscription, outcome: 'skipped', reason: 'not failed' };
  }
};

/** Lets the run of an entry go on; its processes do the rest. */
const retry = async (
  retryRun: NonNullable<Redriver['retryRun']>,
  { id, eventId, subscription }: DeadLetter,
  { actor, reason }: RedriveRequest,
): Promise<RedriveResult> =>
  eventId !== null && (await retryRun(eventId, { actor, reason }))
    ? { id, subscription, outcome: 'redriven', duplicate: false }
    : { id, subscription, outcome: 'skipped', reason: 'not failed' };

/**
 * Runs one entry of the desk through the stages of the host, in this process, for the one subscription
 * that failed, or runs its job once more, or lets its flow go on; nothing is published, but for an event that
 * the broker had refused. A row's change that it had refused runs for every subscription of its topic. Whoever
 * is killed in the middle leaves the entry as it was, or its
 * effects and its state committed: a transactional worker commits them together, any other is
 * idempotent and runs once more. Two redrives never run the same entry at once.
 *
 * @throws whatever Postgres says outside of the handler; the entry is then as it was.
 */
export const redriveEntry = async (
  redriver: Redriver,
  request: RedriveRequest,
): Promise<RedriveResult> => {
  const { id } = request;
  const result = await withClaimedEntry(
    redriver.dataSource,
    id,
    async (stored): Promise<RedriveResult> => {
      const { payload } = request;
      const entry = payload ? { ...stored, payload } : stored;
      const { subscription } = entry;
      const worker = redriver.workers.get(subscription);
      const reason = unfit(redriver, entry, worker, request);
      if (reason === undefined && entry.source === 'outbox') {
        await republish(redriver.dataSource, entry, request);
        return { id, subscription, outcome: 'redriven', duplicate: false };
      }
      if (reason === undefined && entry.source === 'cdc')
        return handOver(redriver, entry, request);
      if (reason === undefined && entry.source === 'job' && redriver.rerunJob)
        return rerun(redriver, redriver.rerunJob, entry, request);
      if (reason === undefined && entry.source === 'flow' && redriver.retryRun)
        return retry(redriver.retryRun, entry, request);
      return reason !== undefined || !worker
        ? {
            id,
            subscription,
            outcome: 'skipped',
            reason: reason ?? 'no worker',
          }
        : run(redriver, entry, worker, request);
    },
  );
  return typeof result === 'string'
    ? { id, outcome: 'skipped', reason: result }
    : result;
};
