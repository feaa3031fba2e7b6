import { Command } from 'commander';

import { listCommand } from './dead-letters-list.ts';
import { recountCommand } from './dead-letters-recount.ts';
import { redriveCommand } from './dead-letters-redrive.ts';
import { resolveCommand } from './dead-letters-resolve.ts';
import { showCommand } from './dead-letters-show.ts';

/** `nightshift dead-letters`: what failed for good. */
export const deadLettersCommand = (): Command =>
  new Command('dead-letters')
    .description('look at what failed for good, run it again or resolve it')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(redriveCommand())
    .addCommand(resolveCommand())
    .addCommand(recountCommand())
    .addHelpText(
      'after',
      `
A message comes here when its handler failed as often as it may, when no retry can mend it, or when
the broker gave up on it because it kills its process.

Example:
  nightshift dead-letters list
  nightshift dead-letters redrive --fingerprint 1f0c5a77b3d2 --one
  nightshift dead-letters redrive --fingerprint 1f0c5a77b3d2`,
    );
