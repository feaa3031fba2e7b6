import { Command } from 'commander';

import type { Operator } from '../dead-letters/audit.ts';
import { resolveEntries } from '../dead-letters/resolve.ts';
import { countEntries } from '../dead-letters/search.ts';
import createOrGetConnection, { closeConnection } from '../db.ts';
import {
  count,
  entryIds,
  filterOf,
  type FilterOptions,
  pathHelp,
  requireChoice,
  withFilter,
} from './dead-letters-filter.ts';
import { withActor } from './operator.ts';

interface ResolveOptions extends FilterOptions, Operator {
  readonly all?: true;
  readonly dryRun?: true;
  readonly json?: true;
  readonly limit: number;
  readonly reason: string;
}

const run = async (
  ids: readonly string[],
  options: ResolveOptions,
): Promise<void> => {
  const { actor, reason, limit, dryRun = false, json } = options;
  const filter = filterOf({ ...options, state: 'open' }, ids);
  requireChoice(filter, options);
  try {
    const con = await createOrGetConnection();
    const resolved = dryRun
      ? Math.min(limit, await countEntries(con, filter))
      : await resolveEntries(con, { filter, limit, actor, reason });
    const open = (await countEntries(con, filter)) - (dryRun ? resolved : 0);
    if (json) console.log(JSON.stringify({ dryRun, resolved, open }));
    else
      console.log(
        `${resolved} ${dryRun ? 'would be resolved' : 'resolved'}; ${open} more that match ${open === 1 ? 'is' : 'are'} open`,
      );
  } finally {
    await closeConnection();
  }
};

/** `nightshift dead-letters resolve` */
export const resolveCommand = (): Command =>
  withActor(withFilter(new Command('resolve')))
    .description('say of open entries that nothing is to be done')
    .argument('[ids...]', 'ids that list --entries shows', entryIds)
    .requiredOption('--reason <text>', 'why, for the entries and the audit log')
    .option('--all', 'every open entry, where no filter is given')
    .option('--limit <count>', 'entries at most', count(100_000), 1_000)
    .option('--dry-run', 'only count')
    .option('--json', 'print { dryRun, resolved, open } as one line of JSON')
    .addHelpText(
      'after',
      `
An entry opens again if its message fails for good once more.

${pathHelp}

Example:
  nightshift dead-letters resolve --fingerprint 1f0c5a77b3d2 --reason 'the posts were deleted'`,
    )
    .action((ids: readonly string[] | undefined, options: ResolveOptions) =>
      run(ids ?? [], options),
    );
