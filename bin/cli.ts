#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

import { Command } from 'commander';

// Half of a start is compiling, which the next start is spared, and so are the threads and processes of this one.
process.env.NODE_COMPILE_CACHE ||= fileURLToPath(
  new URL('../node_modules/.cache/compile', import.meta.url),
);
enableCompileCache();

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string };

/** Loaded when asked for: all of them together take seconds. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  api: async () => (await import('../src/commands/api.ts')).apiCommand(),
  background: async () =>
    (await import('../src/commands/background.ts')).backgroundCommand(),
  causality: async () =>
    (await import('../src/commands/causality.ts')).causalityCommand(),
  cdc: async () => (await import('../src/commands/cdc.ts')).cdcCommand(),
  cron: async () => (await import('../src/commands/cron.ts')).cronCommand(),
  'dead-letters': async () =>
    (await import('../src/commands/dead-letters.ts')).deadLettersCommand(),
  dev: async () => (await import('../src/commands/dev.ts')).devCommand(),
  doctor: async () =>
    (await import('../src/commands/doctor.ts')).doctorCommand(),
  flows: async () => (await import('../src/commands/flows.ts')).flowsCommand(),
  forget: async () =>
    (await import('../src/commands/forget.ts')).forgetCommand(),
  'generate-digests': async () =>
    (
      await import('../src/commands/generate-digests.ts')
    ).generateDigestsCommand(),
  jobs: async () => (await import('../src/commands/jobs.ts')).jobsCommand(),
  local: async () => (await import('../src/commands/local.ts')).localCommand(),
  migrate: async () =>
    (await import('../src/commands/migrate.ts')).migrateCommand(),
  'operator-token': async () =>
    (await import('../src/commands/operator-token.ts')).operatorTokenCommand(),
  'personalized-digest': async () =>
    (
      await import('../src/commands/personalized-digest.ts')
    ).personalizedDigestCommand(),
  provision: async () =>
    (await import('../src/commands/provision.ts')).provisionCommand(),
  prune: async () => (await import('../src/commands/prune.ts')).pruneCommand(),
  publish: async () =>
    (await import('../src/commands/publish.ts')).publishCommand(),
  pubsub: async () =>
    (await import('../src/commands/pubsub.ts')).pubsubCommand(),
  queues: async () =>
    (await import('../src/commands/queues.ts')).queuesCommand(),
  reconcile: async () =>
    (await import('../src/commands/reconcile.ts')).reconcileCommand(),
  retention: async () =>
    (await import('../src/commands/retention.ts')).retentionCommand(),
  seed: async () => (await import('../src/commands/seed.ts')).seedCommand(),
  sql: async () => (await import('../src/commands/sql.ts')).sqlCommand(),
  subscriptions: async () =>
    (await import('../src/commands/subscriptions.ts')).subscriptionsCommand(),
};

/** These start the stack themselves, or need none. */
const independent = new Set(['dev', 'local', 'operator-token', 'pubsub']);

const rootOf = (command: Command): string =>
  command.parent?.parent ? rootOf(command.parent) : command.name();

const program = new Command('nightshift')
  .description('the background half of a TypeScript application')
  .version(version)
  .showHelpAfterError('(add --help for what is possible)')
  .hook('preAction', async (_program, command) => {
    if (independent.has(rootOf(command))) return;
    const { findLocalStack } = await import('../src/local/environment.ts');
    if (await findLocalStack()) return;
    console.error(
      'no local stack runs; start one with npx pnpm dev:background, or set DATABASE_URL and PUBSUB_EMULATOR_HOST',
    );
  })
  .addHelpText(
    'after',
    `
Examples:
  nightshift dev background
  nightshift doctor
  nightshift help publish`,
  );

/** Commands that the given arguments may lead to; all, for help and for suggestions. */
const wanted = (given: string | undefined): readonly string[] => {
  if (given !== undefined && Object.hasOwn(commands, given)) return [given];
  return given === '--version' || given === '-V' ? [] : Object.keys(commands);
};

try {
  for (const name of wanted(process.argv[2])) {
    const load = commands[name];
    if (load) program.addCommand(await load());
  }
  await program.parseAsync();
} catch (error) {
  const debugging = process.env.LOG_LEVEL === 'debug' || process.env.DEBUG;
  if (error instanceof Error && !debugging)
    console.error(error.message || error.name);
  else console.error(error);
  process.exitCode = 1;
}
