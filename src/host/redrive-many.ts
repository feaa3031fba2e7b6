import {
  newOperation,
  type Operator,
  recordAction,
} from '../dead-letters/audit.ts';
import {
  auditedFilter,
  type DeadLetterFilter,
} from '../dead-letters/filter.ts';
import { selectIds } from '../dead-letters/search.ts';
import { redriveEntry } from './redrive.ts';
import type { RedriveResult } from './redrive-result.ts';
import type { Redriver, RedriveRequest } from './redriver.ts';

export interface RedriveManyRequest extends Operator {
  readonly filter: DeadLetterFilter;
  /** Entries at most; the others stay for the next redrive. */
  readonly limit: number;
  /** Past the inbox of transactional workers. @default false */
  readonly again?: boolean;
  /** Stops between two entries, and aborts the one that runs. */
  readonly signal: AbortSignal;
  /** Begins nothing new from then on, in milliseconds since the epoch. @default never */
  readonly until?: number;
  /** Called after each entry. */
  readonly onResult?: (result: RedriveResult, report: RedriveReport) => void;
}

/** How far a redrive came. */
export interface RedriveReport {
  /** Its id in the audit log. */
  readonly operation: string;
  /** Entries chosen. */
  readonly chosen: number;
  /** Duplicates included. */
  readonly redriven: number;
  readonly duplicates: number;
  readonly failed: number;
  readonly skipped: number;
  /** Chosen, but not begun, or interrupted. */
  readonly left: number;
  /** Why it ended before the last entry. */
  readonly stopped?: string;
}

const withResult = (
  report: RedriveReport,
  result: RedriveResult,
): RedriveReport => {
  const left = report.left - 1;
  switch (result.outcome) {
    case 'redriven':
      return {
        ...report,
        left,
        redriven: report.redriven + 1,
        duplicates: report.duplicates + (result.duplicate ? 1 : 0),
      };
    case 'failed':
      return { ...report, left, failed: report.failed + 1 };
    case 'skipped':
      return { ...report, left, skipped: report.skipped + 1 };
    case 'interrupted':
      return { ...report, stopped: result.error };
  }
};

const reasonToStop = ({
  signal,
  until = Infinity,
}: RedriveManyRequest): string | undefined => {
  if (signal.aborted) return 'stopped by the operator';
  return Date.now() >= until ? 'its time is up' : undefined;
};

/** Names the messages of one key of an ordered subscription. */
export const keyOf = (subscription: string, orderingKey: string): string =>
  JSON.stringify([subscription, orderingKey]);

/**
 * Redrives one entry after others: of an ordered subscription what stands behind a failed message of its key is
 * skipped.
 *
 * @param failedKeys of those that failed before; the entry's own joins them when it fails.
 */
export const redriveInOrder = async (
  redriver: Redriver,
  request: Omit<RedriveRequest, 'skip'>,
  failedKeys: Set<string>,
): Promise<RedriveResult> => {
  let key: string | undefined;
  const result = await redriveEntry(redriver, {
    ...request,
    skip: ({ subscription, orderingKey }, { ordered }) => {
      if (ordered && orderingKey !== '') key = keyOf(subscription, orderingKey);
      return key !== undefined && failedKeys.has(key);
    },
  });
  if (result.outcome === 'failed' && key !== undefined) failedKeys.add(key);
  return result;
};

/**
 * Redrives what a filter chooses, one entry after the other in the order of publication. Of an ordered
 * subscription, what stands behind a failed message of its key is skipped. Ends early when Postgres is
 * away. The audit log has a line when it begins and one when it ends; a redrive that was killed has
 * only the first.
 *
 * @throws DeskTimeoutError, or whatever Postgres says; what was redriven until then stays so.
 */
export const redriveMany = async (
  redriver: Redriver,
  request: RedriveManyRequest,
): Promise<RedriveReport> => {
  const { filter, limit, again = false, actor, reason, signal } = request;
  const { manager } = redriver.dataSource;
  const operation = newOperation();
  const ids = await selectIds(redriver.dataSource, filter, limit);
  let report: RedriveReport = {
    operation,
    chosen: ids.length,
    redriven: 0,
    duplicates: 0,
    failed: 0,
    skipped: 0,
    left: ids.length,
  };
  const audit = (moment: 'started' | 'finished') => {
    const { chosen, redriven, duplicates, failed, skipped, left } = report;
    return recordAction(manager, {
      operation,
      action: `dead-letters.redrive.${moment}`,
      actor,
      reason,
      filter: { ...auditedFilter(filter), limit, again },
      counts:
        moment === 'started'
          ? { chosen }
          : { chosen, redriven, duplicates, failed, skipped, left },
    });
  };
  await audit('started');
  const failedKeys = new Set<string>();
  for (const id of ids) {
    const stopped = reasonToStop(request);
    if (stopped !== undefined) {
      report = { ...report, stopped };
      break;
    }
    const result = await redriveInOrder(
      redriver,
      { id, again, actor, reason, signal },
      failedKeys,
    );
    report = withResult(report, result);
    request.onResult?.(result, report);
    if (report.stopped !== undefined) break;
  }
  await audit('finished');
  return report;
};
