import { Command } from 'commander';

import type { DevelopmentRole } from './development.ts';

/** The page that the API serves, built while the stack starts. */
const preparePage = async (): Promise<void> => {
  const { buildDashboard } = await import('../local/dashboard.ts');
  await buildDashboard((what) => console.log(what));
};

const run = (role: DevelopmentRole) => async (): Promise<void> => {
  const { enterStack } = await import('../local/enter.ts');
  const page = role === 'api' ? preparePage() : undefined;
  // Everything that the process needs loads while the stack starts.
  const [stack, { runDevelopment }] = await Promise.all([
    enterStack(role),
    import('./development.ts'),
  ]);
  await page;
  await runDevelopment(role, stack);
};

/** `nightshift dev`: processes on the local stack, which is started if none runs. */
export const devCommand = (): Command =>
  new Command('dev')
    .description('run a process on the local stack; nothing else to install')
    .addCommand(
      new Command('background')
        .description(
          'start or find the stack, migrate, provision, serve workers',
        )
        .action(run('background')),
    )
    .addCommand(
      new Command('api')
        .description(
          'start or find the stack, migrate, provision, serve the API',
        )
        .action(run('api')),
    )
    .addCommand(
      new Command('personalized-digest')
        .description(
          'start or find the stack, migrate, provision, send digests',
        )
        .action(run('personalized-digest')),
    )
    .addHelpText(
      'after',
      `
The stack's state is in NIGHTSHIFT_HOME (default: .local); it ends with the last process that uses it.
A new database is filled with sample data. DATABASE_URL and PUBSUB_EMULATOR_HOST are not used: with
servers of your own, run nightshift background and nightshift api.

Environment: PORT (API, default 5000), HEALTH_PORT (background, default 5001), 0 for any free one;
NIGHTSHIFT_HOME. Without PORT and HEALTH_PORT, a port that is taken is replaced by a free one.

Examples:
  nightshift dev background
  PORT=0 nightshift dev api`,
    );
