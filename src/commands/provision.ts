import { Command, Option } from 'commander';

import { config } from '../config.ts';
import { applyProvision, planFor } from '../provision/broker.ts';
import { createPublisherClient } from '../host/clients.ts';
import { describeChange, describeInFull } from '../provision/describe.ts';
import { type Change, isApplicable, isDeletion } from '../provision/plan.ts';

interface Options {
  readonly check?: true;
  readonly dryRun?: true;
  readonly json?: true;
  readonly prune?: true;
}

const run = async (options: Options): Promise<void> => {
  const { PUBSUB_PROJECT_ID, PUBSUB_EMULATOR_HOST } = config();
  const pubsub = createPublisherClient({
    projectId: PUBSUB_PROJECT_ID,
    emulatorHost: PUBSUB_EMULATOR_HOST,
  });
  try {
    const plan = await planFor(pubsub, {
      createForeignTopics: PUBSUB_EMULATOR_HOST !== undefined,
      prune: true,
    });
    const leftOver = options.prune ? [] : plan.filter(isDeletion);
    const changes = plan.filter((change) => !leftOver.includes(change));
    const impossible = changes.filter((change) => !isApplicable(change));
    const planOnly = options.check === true || options.dryRun === true;
    if (!options.json) {
      for (const change of changes) console.log(describeInFull(change));
      for (const change of leftOver)
        console.log(`left alone without --prune: ${describeChange(change)}`);
      if (plan.length === 0)
        console.log(`project ${PUBSUB_PROJECT_ID} is as declared`);
    }
    const made = planOnly ? [] : await applyProvision(pubsub, changes);
    const described = (change: Change) => ({
      ...change,
      description: describeChange(change),
    });
    if (options.json)
      console.log(
        JSON.stringify({
          project: PUBSUB_PROJECT_ID,
          plan: changes.map(described),
          leftOver: leftOver.map(described),
          made: made.length,
        }),
      );
    else if (made.length > 0) console.log(`made ${made.length} changes`);
    if (impossible.length > 0 || (options.check && plan.length > 0))
      process.exitCode = 1;
  } finally {
    await pubsub.close();
  }
};

/** `nightshift provision`: makes topics and subscriptions of a broker as they are declared. */
export const provisionCommand = (): Command =>
  new Command('provision')
    .description(
      'create and update the declared topics and subscriptions; deletes nothing without --prune',
    )
    .addOption(
      new Option(
        '--check',
        'change nothing; exit with 1 if anything is not as declared',
      ).conflicts('dryRun'),
    )
    .option('--dry-run', 'show the plan and change nothing')
    .option(
      '--prune',
      'delete what carries the label application=nightshift and is not declared, backlogs too',
    )
    .option(
      '--json',
      'print { project, plan, leftOver, made } as one line of JSON',
    )
    .addHelpText(
      'after',
      `
Subscriptions are declared in .infra/common.ts, topics in src/common/typedPubsub.ts. The plan is
printed before anything is changed. What a broker fixes at creation (topic, filter, ordering) is
reported, and the exit code is 1. Topics of other systems are created on a local server only. What
carries our label and is not declared is listed, and deleted with --prune alone; what does not carry it
belongs to others and is never touched.

Environment: PUBSUB_PROJECT_ID, PUBSUB_EMULATOR_HOST (unset is Google's service).

Examples:
  nightshift provision --dry-run
  PUBSUB_EMULATOR_HOST=127.0.0.1:8085 nightshift provision
  nightshift provision --check --json
  nightshift provision --prune --dry-run`,
    )
    .action(run);
