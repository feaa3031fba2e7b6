import { Command } from 'commander';

import { countEntries } from '../dead-letters/search.ts';
import { recountTally } from '../dead-letters/tally.ts';
import createOrGetConnection, { closeConnection } from '../db.ts';

const run = async (): Promise<void> => {
  try {
    const con = await createOrGetConnection();
    await recountTally(con);
    console.log(`counted ${await countEntries(con, {})} entries`);
  } finally {
    await closeConnection();
  }
};

/** `nightshift dead-letters recount` */
export const recountCommand = (): Command =>
  new Command('recount')
    .description(
      'count the entries anew, where nightshift doctor found the tally wrong',
    )
    .addHelpText(
      'after',
      `
Whoever writes a dead letter waits meanwhile, a second for some hundred thousand entries.

Example:
  nightshift dead-letters recount`,
    )
    .action(run);
