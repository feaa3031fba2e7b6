#!/usr/bin/env node
import { readFileSync } from 'node:fs';

import { Command } from 'commander';

import { apiCommand } from '../src/commands/api.ts';
import { backgroundCommand } from '../src/commands/background.ts';
import { cdcCommand } from '../src/commands/cdc.ts';
import { devCommand } from '../src/commands/dev.ts';
import { doctorCommand } from '../src/commands/doctor.ts';
import { localCommand } from '../src/commands/local.ts';
import { migrateCommand } from '../src/commands/migrate.ts';
import { provisionCommand } from '../src/commands/provision.ts';
import { publishCommand } from '../src/commands/publish.ts';
import { pubsubCommand } from '../src/commands/pubsub.ts';
import { seedCommand } from '../src/commands/seed.ts';
import { sqlCommand } from '../src/commands/sql.ts';
import { subscriptionsCommand } from '../src/commands/subscriptions.ts';
import { findLocalStack } from '../src/local/environment.ts';

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string };

/** These start the stack themselves, or need none. */
const independent = new Set(['dev', 'local', 'pubsub']);

const rootOf = (command: Command): string =>
  command.parent?.parent ? rootOf(command.parent) : command.name();

const program = new Command('nightshift')
  .description('the background half of a TypeScript application')
  .version(version)
  .showHelpAfterError('(add --help for what is possible)')
  .hook('preAction', async (_program, command) => {
    if (independent.has(rootOf(command)) || (await findLocalStack())) return;
    console.error(
      'no local stack runs; start one with npx pnpm dev:background, or set DATABASE_URL and PUBSUB_EMULATOR_HOST',
    );
  });

for (const command of [
  apiCommand(),
  backgroundCommand(),
  cdcCommand(),
  devCommand(),
  doctorCommand(),
  localCommand(),
  migrateCommand(),
  provisionCommand(),
  publishCommand(),
  pubsubCommand(),
  seedCommand(),
  sqlCommand(),
  subscriptionsCommand(),
])
  program.addCommand(command);

try {
  await program.parseAsync();
} catch (error) {
  const debugging = process.env.LOG_LEVEL === 'debug' || process.env.DEBUG;
  if (error instanceof Error && !debugging)
    console.error(error.message || error.name);
  else console.error(error);
  process.exitCode = 1;
}
