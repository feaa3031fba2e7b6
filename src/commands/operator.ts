import { userInfo } from 'node:os';

import type { Command } from 'commander';
import { Option } from 'commander';

const accountName = (): string | undefined => {
  try {
    return userInfo().username;
  } catch {
    // The account of a container may have no name.
    return undefined;
  }
};

/** Adds `--actor`: who does it, for the audit log. */
export const withActor = (command: Command): Command =>
  command.addOption(
    new Option('--actor <name>', 'who does this, for the audit log')
      .env('NIGHTSHIFT_OPERATOR')
      .default(accountName() ?? 'unknown', 'the account that runs the command'),
  );
