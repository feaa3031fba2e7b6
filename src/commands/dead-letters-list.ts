import { Command } from 'commander';

import { type DeadLetterGroup, listGroups } from '../dead-letters/groups.ts';
import {
  type DeadLetterSummary,
  countEntries,
  listEntries,
} from '../dead-letters/search.ts';
import { shortened } from '../dead-letters/text.ts';
import createOrGetConnection, { closeConnection } from '../db.ts';
import {
  count,
  entryId,
  filterOf,
  type FilterOptions,
  pathHelp,
  withFilter,
  withState,
} from './dead-letters-filter.ts';
import { shownAge } from './subscriptions.ts';
import { type Column, table } from './table.ts';

interface ListOptions extends FilterOptions {
  readonly entries?: true;
  readonly limit: number;
  readonly after?: string;
  readonly json?: true;
}

const age = (moment: Date): string =>
  shownAge(Math.max(0, (Date.now() - moment.getTime()) / 1_000));

const oneLine = (text: string): string =>
  shortened(text.replace(/\s+/g, ' '), 100);

const groupColumns: readonly Column<DeadLetterGroup>[] = [
  ['FINGERPRINT', ({ fingerprint }) => fingerprint],
  ['ENTRIES', ({ entries }) => String(entries)],
  ['STATE', ({ state }) => state],
  ['SUBSCRIPTION', ({ subscription }) => subscription],
  ['OLDEST', ({ firstSeenAt }) => age(firstSeenAt)],
  ['NEWEST', ({ lastSeenAt }) => age(lastSeenAt)],
  ['ERROR OF THE NEWEST', ({ error }) => oneLine(error)],
];

const entryColumns: readonly Column<DeadLetterSummary>[] = [
  ['ID', ({ id }) => id],
  ['STATE', ({ state }) => state],
  ['SUBSCRIPTION', ({ subscription }) => subscription],
  ['ATTEMPTS', ({ attempts }) => String(attempts)],
  ['FAILED', ({ lastSeenAt }) => age(lastSeenAt)],
  ['FINGERPRINT', ({ fingerprint }) => fingerprint],
  ['ERROR', ({ error }) => oneLine(error)],
];

const nothing = (state: string | undefined): string =>
  state === 'open'
    ? 'no dead letters are open that match; --state any shows the others'
    : 'no dead letters match';

const run = async (options: ListOptions): Promise<void> => {
  const filter = filterOf(options);
  try {
    const con = await createOrGetConnection();
    if (options.entries) {
      const entries = await listEntries(con, filter, {
        limit: options.limit,
        after: options.after,
      });
      if (options.json) console.log(JSON.stringify({ entries }));
      else if (entries.length === 0) console.log(nothing(options.state));
      else {
        console.log(table(entryColumns, entries));
        const last = entries.at(-1);
        if (entries.length === options.limit && last)
          console.log(`\nthe next ones: --after ${last.id}`);
      }
      return;
    }
    const groups = await listGroups(con, filter, options.limit);
    const entries = await countEntries(con, filter);
    if (options.json) console.log(JSON.stringify({ entries, groups }));
    else if (groups.length === 0) console.log(nothing(options.state));
    else {
      console.log(table(groupColumns, groups));
      const shown = groups.reduce((sum, group) => sum + group.entries, 0);
      if (shown < entries)
        console.log(`\n${entries - shown} more entries; raise --limit`);
    }
  } finally {
    await closeConnection();
  }
};

/** `nightshift dead-letters list` */
export const listCommand = (): Command =>
  withState(withFilter(new Command('list')), 'open')
    .description('show what failed for good, by the reason for which it failed')
    .option('--entries', 'show single entries, newest first')
    .option('--limit <count>', 'lines at most', count(1_000), 50)
    .option('--after <id>', 'with --entries: go on behind this one', entryId)
    .option('--json', 'print { entries, groups } or { entries } as one line')
    .addHelpText(
      'after',
      `
Errors that differ only in numbers, ids, addresses and quoted text share a fingerprint.

${pathHelp}

Examples:
  nightshift dead-letters list
  nightshift dead-letters list --entries --fingerprint 1f0c5a77b3d2
  nightshift dead-letters list --state any --newer-than 2h --payload userId=0198c3a4-7e1c-7d52-9a37-1f0a5c1f4c11`,
    )
    .action(run);
