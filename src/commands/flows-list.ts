import { Command, Option } from 'commander';

import createOrGetConnection, { closeConnection } from '../db.ts';
import { type FlowRun, listFlowRuns, type RunState } from '../flows/index.ts';
import { count } from './dead-letters-filter.ts';
import { runId } from './flows-run.ts';
import { shownAge } from './subscriptions.ts';
import { type Column, table } from './table.ts';

interface ListOptions {
  readonly flow?: string;
  readonly state?: RunState;
  readonly cause?: string;
  readonly before?: string;
  readonly limit: number;
  readonly json?: true;
}

const seconds = (from: Date, to: Date = new Date()): string =>
  shownAge(Math.max(0, (to.getTime() - from.getTime()) / 1_000));

const columns: readonly Column<FlowRun>[] = [
  ['RUN', ({ id }) => id],
  ['FLOW', ({ flow, version }) => `${flow}@${version}`],
  ['STATE', ({ state }) => state],
  ['STEPS', ({ done, steps }) => `${done}/${steps}`],
  ['AGE', ({ createdAt }) => seconds(createdAt)],
  [
    'TOOK',
    ({ createdAt, endedAt }) => (endedAt ? seconds(createdAt, endedAt) : '-'),
  ],
  ['REASON', ({ reason }) => (reason ?? '').replace(/\s+/g, ' ').slice(0, 60)],
];

const list = async ({ json, limit, ...filter }: ListOptions): Promise<void> => {
  try {
    const { manager } = await createOrGetConnection();
    const runs = await listFlowRuns(manager, { ...filter, limit });
    if (json) {
      console.log(JSON.stringify({ runs }));
      return;
    }
    if (runs.length === 0) {
      console.log('no runs match');
      return;
    }
    console.log(table(columns, runs));
    const last = runs.at(-1);
    if (runs.length === limit && last)
      console.log(`\nthe next ones: --before ${last.id}`);
  } finally {
    await closeConnection();
  }
};

/** `nightshift flows list` */
export const listCommand = (): Command =>
  new Command('list')
    .description('show runs, the newest first')
    .option('--flow <name>', 'of this flow')
    .addOption(
      new Option('--state <state>', 'in this state').choices([
        'running',
        'paused',
        'completed',
        'failed',
        'cancelled',
      ]),
    )
    .option(
      '--cause <id>',
      'started for this event, row change, request or run',
    )
    .option('--limit <count>', 'runs at most', count(1_000), 50)
    .option('--before <run>', 'go on with what is older than this one', runId)
    .option('--json', 'print { runs } as one line')
    .action(list);
