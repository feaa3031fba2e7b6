import { withClaimedEntry } from '../dead-letters/claim.ts';
import type { DeadLetter } from '../entity/infrastructure/index.ts';
import { Cancellation } from './cancellation.ts';
import { handOver, runMessage } from './redrive-message.ts';
import { messageOf } from './stored-message.ts';
import type { RedriveResult, SkipReason } from './redrive-result.ts';
import { rerunFailedJob, retryFailedRun } from './redrive-work.ts';
import type { Redriver, RedriveRequest } from './redriver.ts';
import { republish } from './republish.ts';
import type { ServedWorker } from './served-worker.ts';

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
        return rerunFailedJob(redriver, redriver.rerunJob, entry, request);
      if (reason === undefined && entry.source === 'flow' && redriver.retryRun)
        return retryFailedRun(redriver.retryRun, entry, request);
      return reason !== undefined || !worker
        ? {
            id,
            subscription,
            outcome: 'skipped',
            reason: reason ?? 'no worker',
          }
        : runMessage(redriver, entry, worker, request);
    },
  );
  return typeof result === 'string'
    ? { id, outcome: 'skipped', reason: result }
    : result;
};
