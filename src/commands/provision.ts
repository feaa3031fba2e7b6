import { styleText } from 'node:util';

import { Command, Option } from 'commander';

import { config } from '../config.ts';
import { applyProvision } from '../provision/apply.ts';
import { planFor } from '../provision/broker.ts';
import { type Change, isApplicable, isDeletion } from '../provision/change.ts';
import { createPublisherClient } from '../host/clients.ts';
import { counted } from '../doctor/text.ts';
import { describeChange, describeInFull } from '../provision/describe.ts';

interface Options {
  readonly check?: true;
  readonly dryRun?: true;
  readonly json?: true;
  readonly prune?: true;
}

const colourOf = (change: Change) => {
  if (!isApplicable(change)) return 'magenta';
  if (isDeletion(change)) return 'red';
  return change.kind.startsWith('create') ? 'green' : 'yellow';
};

/** A change with its first line in the colour of its kind, on a terminal. */
const coloured = (change: Change): string => {
  const [first = '', ...fields] = describeInFull(change).split('\n');
  return [styleText(colourOf(change), first), ...fields].join('\n');
};

/** `18 to create, 1 to update`: what a plan is about. */
const summaryOf = (
  changes: readonly Change[],
  leftOver: readonly Change[],
): string => {
  const count = (wanted: (change: Change) => boolean) =>
    changes.filter(wanted).length;
  return [
    [count(({ kind }) => kind.startsWith('create')), 'to create'],
    [count(({ kind }) => kind.startsWith('update')), 'to update'],
    [count(isDeletion), 'to delete'],
    [count((change) => !isApplicable(change)), 'that only a person can mend'],
    [leftOver.length, 'left over'],
  ]
    .filter(([number]) => number !== 0)
    .map((part) => part.join(' '))
    .join(', ');
};

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
      for (const change of changes) console.log(coloured(change));
      for (const change of leftOver)
        console.log(`left alone without --prune: ${describeChange(change)}`);
      console.log(
        plan.length === 0
          ? `project ${PUBSUB_PROJECT_ID} is as declared`
          : `project ${PUBSUB_PROJECT_ID}: ${summaryOf(changes, leftOver)}`,
      );
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
    else if (made.length > 0)
      console.log(`made ${counted(made.length, 'change')}`);
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
