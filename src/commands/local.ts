import { Command } from 'commander';

import { config } from '../config.ts';
import { openHome } from '../local/home.ts';
import { Lease } from '../local/lease.ts';
import { visitor } from '../local/lease-protocol.ts';
import { StackRunningError } from '../local/stack-lock.ts';
import { stackRunningExitCode } from '../local/stack.ts';
import { readState } from '../local/stack-state.ts';
import { createLogger } from '../logger.ts';

const run = async (): Promise<void> => {
  const { NIGHTSHIFT_HOME, PUBSUB_PROJECT_ID } = config();
  try {
    const { runStack } = await import('../local/supervisor.ts');
    await runStack(
      await openHome(NIGHTSHIFT_HOME),
      PUBSUB_PROJECT_ID,
      createLogger('local'),
    );
    // The last lessee's open connection would keep the process alive, and it waits for us.
    process.exit();
  } catch (error) {
    if (!(error instanceof StackRunningError)) throw error;
    console.error(error.message);
    process.exitCode = stackRunningExitCode;
  }
};

const showStatus = async (options: { readonly json?: true }): Promise<void> => {
  const home = await openHome(config().NIGHTSHIFT_HOME);
  const state = await readState(home);
  const lease = state && (await Lease.take(state, visitor));
  if (!state || !lease) {
    if (options.json) console.log(JSON.stringify({ running: false }));
    else
      console.log(
        `no local stack runs in ${home.directory}; start it with: npx pnpm dev:background`,
      );
    process.exitCode = 1;
    return;
  }
  const lessees = lease.lessees.filter(({ role }) => role !== visitor);
  await lease.release();
  const { databaseUrl, pubsubAddress, pid } = state;
  if (options.json) {
    console.log(
      JSON.stringify({
        running: true,
        pid,
        databaseUrl,
        pubsubAddress,
        lessees,
      }),
    );
    return;
  }
  console.log(`process   ${pid}, started by the first of those who use it`);
  console.log(`Postgres  ${databaseUrl}`);
  console.log(`Pub/Sub   ${pubsubAddress}`);
  for (const { role, url } of lessees)
    console.log(`used by   ${role}${url ? ` at ${url}` : ''}`);
};

/** `nightshift local`: the embedded Postgres, Pub/Sub server and streamer. */
export const localCommand = (): Command =>
  new Command('local')
    .description('the local stack: Postgres, Pub/Sub and change data capture')
    .addCommand(
      new Command('run')
        .description(
          'run the stack until nobody uses it; the dev commands start this by themselves',
        )
        .action(run),
    )
    .addCommand(
      new Command('status')
        .description('show what runs, where, and who uses it')
        .option('--json', 'print one line of JSON')
        .action(showStatus),
    )
    .addHelpText(
      'after',
      `
Its state is in NIGHTSHIFT_HOME (default: .local); stack.log there is what it says.

Example:
  nightshift local status --json`,
    );
