import { Command, Option } from 'commander';

import type { Operator } from '../dead-letters/audit.ts';
import { normaliseMessage } from '../dead-letters/fingerprint.ts';
import type { DeadLetterFilter } from '../dead-letters/filter.ts';
import { listGroups } from '../dead-letters/groups.ts';
import { countEntries } from '../dead-letters/search.ts';
import { shortened } from '../dead-letters/text.ts';
import createOrGetConnection, { closeConnection } from '../db.ts';
import { redriveMany, type RedriveReport } from '../host/redrive-many.ts';
import type { RedriveResult } from '../host/redrive-result.ts';
import { createLogger } from '../logger.ts';
import { checkSchema } from '../schema/check.ts';
import {
  count,
  entryIds,
  filterOf,
  type FilterOptions,
  pathHelp,
  requireChoice,
  withFilter,
  withState,
} from './dead-letters-filter.ts';
import { withActor } from './operator.ts';
import { Progress } from './progress.ts';
import { openRedriver } from './redriver.ts';
import { fullRegistry } from './work-registry.ts';

interface RedriveOptions extends FilterOptions, Operator {
  readonly all?: true;
  readonly again?: true;
  readonly dryRun?: true;
  readonly json?: true;
  readonly limit: number;
  readonly one?: true;
}

/** Results that --json lists. */
const listedResults = 1_000;
/** Reasons that are counted apart, and that are shown. */
const countedReasons = 1_000;
const shownReasons = 10;

const entriesOf = (number: number): string =>
  number === 1 ? '1 entry' : `${number} entries`;

/** What did not come through, by its reason: errors without what differs between occurrences. */
class Reasons {
  readonly #counts = new Map<string, number>();

  add(result: RedriveResult): void {
    if (result.outcome === 'redriven') return;
    const reason =
      result.outcome === 'skipped'
        ? `skipped: ${result.reason}`
        : `${result.outcome}: ${shortened(normaliseMessage(result.error), 160)}`;
    const line = `${result.subscription ?? '-'}  ${reason}`;
    const known = this.#counts.get(line);
    if (known === undefined && this.#counts.size >= countedReasons) return;
    this.#counts.set(line, (known ?? 0) + 1);
  }

  get lines(): string[] {
    return [...this.#counts]
      .sort(([, one], [, other]) => other - one)
      .slice(0, shownReasons)
      .map(([line, times]) => `  ${String(times).padStart(5)} × ${line}`);
  }
}

const summary = (
  report: RedriveReport,
  reasons: Reasons,
  remaining: number,
  one: boolean,
): string => {
  const { redriven, duplicates, failed, skipped, left, stopped } = report;
  const advice =
    remaining === 0
      ? []
      : one && redriven === 1
        ? [
            `the canary came through; ${entriesOf(remaining)} more: the same command without --one`,
          ]
        : [`of what matches, ${entriesOf(remaining)} open`];
  return [
    `${redriven} redriven${duplicates > 0 ? ` (${duplicates} had taken effect before)` : ''}, ` +
      `${failed} failed, ${skipped} skipped, ${left} left`,
    ...reasons.lines,
    ...(stopped === undefined ? [] : [`ended early: ${stopped}`]),
    ...advice,
  ].join('\n');
};

const dryRun = async (
  filter: DeadLetterFilter,
  { json, limit, one }: RedriveOptions,
): Promise<void> => {
  const con = await createOrGetConnection();
  const matching = await countEntries(con, filter);
  const chosen = Math.min(matching, one ? 1 : limit);
  const groups = await listGroups(con, filter, listedResults);
  if (json) {
    console.log(JSON.stringify({ dryRun: true, matching, chosen, groups }));
    return;
  }
  console.log(
    `would redrive ${chosen} of ${entriesOf(matching)} that match; nothing was done`,
  );
  for (const { entries, subscription, fingerprint, error } of groups)
    console.log(
      `  ${String(entries).padStart(5)} × ${subscription}  ${fingerprint}  ${shortened(error.replace(/\s+/g, ' '), 100)}`,
    );
};

const redrive = async (
  filter: DeadLetterFilter,
  { again, actor, json, limit, one, reason }: RedriveOptions,
): Promise<void> => {
  const con = await createOrGetConnection();
  await checkSchema(con);
  const redriver = openRedriver(
    con,
    createLogger('redrive', 'stderr'),
    fullRegistry,
  );
  const stop = new AbortController();
  const onSignal = () => {
    // The second one is for handlers that do not listen.
    if (stop.signal.aborted) process.exit(1);
    stop.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const progress = new Progress();
  const results: RedriveResult[] = [];
  const reasons = new Reasons();
  try {
    const report = await redriveMany(redriver, {
      filter,
      limit: one ? 1 : limit,
      again: again ?? false,
      actor,
      reason,
      signal: stop.signal,
      onResult: (result, { chosen, redriven, failed, skipped }) => {
        if (results.length < listedResults) results.push(result);
        reasons.add(result);
        progress.tell(
          `${redriven} redriven, ${failed} failed, ${skipped} skipped of ${chosen}`,
        );
      },
    });
    progress.end();
    const remaining = await countEntries(con, { ...filter, state: 'open' });
    if (json)
      console.log(
        JSON.stringify({
          ...report,
          remaining,
          results,
        }),
      );
    else console.log(summary(report, reasons, remaining, one === true));
    if (report.failed + report.skipped + report.left > 0) process.exitCode = 2;
  } finally {
    progress.end();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await redriver.close();
  }
};

const run = async (
  ids: readonly string[],
  options: RedriveOptions,
): Promise<void> => {
  // Who names entries learns of those that are not open, too.
  const filter = filterOf(
    ids.length > 0 ? { ...options, state: 'any' } : options,
    ids,
  );
  requireChoice(filter, options);
  try {
    await (options.dryRun ? dryRun : redrive)(filter, options);
  } finally {
    await closeConnection();
  }
};

/** `nightshift dead-letters redrive` */
export const redriveCommand = (): Command =>
  withActor(withState(withFilter(new Command('redrive')), 'open'))
    .description(
      'run stored messages again, each for the one subscription that failed',
    )
    .argument('[ids...]', 'ids that list --entries shows', entryIds)
    .option('--one', 'a canary: only the one that was published first')
    .option('--all', 'every entry, where no filter is given')
    .option('--limit <count>', 'entries at most', count(100_000), 1_000)
    .option('--dry-run', 'show what would be redriven')
    .addOption(
      new Option(
        '--again',
        'past the inbox: a transactional handler runs although its effects are committed',
      ),
    )
    .option('--reason <text>', 'why, for the entries and the audit log')
    .option('--json', 'print the report and its results as one line of JSON')
    .addHelpText(
      'after',
      `
The handlers run in this process, one after the other in the order of publication, as the background
process would run them; nothing is published to their topics. What fails stays open with its new error
and one attempt more. Ctrl-C stops and aborts the entry that runs; a second one ends the process at
once. Two redrives never run one entry at once.

Without --again, what a transactional worker has done already is recognised and marked as redriven;
entries so old that the inbox may have been pruned of them are skipped.

${pathHelp}

Exit code: 0 if everything chosen is redriven, 2 if something failed, was skipped or left, 1 if the
command could not run.

Environment: what the background process reads, and NIGHTSHIFT_OPERATOR.

Examples:
  nightshift dead-letters redrive --fingerprint 1f0c5a77b3d2 --one
  nightshift dead-letters redrive --fingerprint 1f0c5a77b3d2 --reason 'mended in 2.4.1'
  nightshift dead-letters redrive --subscription api.new-notification-mail --newer-than 2h --dry-run`,
    )
    .action((ids: readonly string[] | undefined, options: RedriveOptions) =>
      run(ids ?? [], options),
    );
