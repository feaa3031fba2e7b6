import { Command } from 'commander';

import { traceText } from '../causality/trace/text.ts';
import { traceCauses } from '../causality/trace/trace.ts';
import createOrGetConnection, { closeConnection } from '../db.ts';
import { checkSchema } from '../schema/check.ts';

const run = async (
  idOrTable: string,
  key: string | undefined,
  { json }: { readonly json?: true },
): Promise<void> => {
  try {
    const con = await createOrGetConnection();
    await checkSchema(con);
    const trace = await traceCauses(
      con,
      key === undefined ? { id: idOrTable } : { table: idOrTable, key },
    );
    console.log(json ? JSON.stringify(trace) : traceText(trace));
  } finally {
    await closeConnection();
  }
};

/** `nightshift causality`: from a row to its last effect, and back. */
export const causalityCommand = (): Command =>
  new Command('causality')
    .description(
      'show what something was caused by, and all that followed from it',
    )
    .argument(
      '<id or table>',
      'the id of an event, job, run, notification, message, webhook delivery or dead letter; or a captured table',
    )
    .argument(
      '[key]',
      'the primary key of a row of that table; of several columns the values with commas between them, or the first of them',
    )
    .option('--json', 'print { found, nodes, truncated, total } as one line')
    .addHelpText(
      'after',
      `
Each line is something that happened, below what it followed from; + is the time since that began, and
▶ marks what was asked for. What is recorded, for how long and which share of it: docs/causality.md.

Examples:
  nightshift causality post 0198c3a4-7e1c-7d52-9a37-1f0a5c1f4c11
  nightshift causality 0198c3a4-7e1c-7d52-9a37-1f0a5c1f4c11 --json`,
    )
    .action(run);
