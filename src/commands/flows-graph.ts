import { Command } from 'commander';
import { validate } from 'uuid';

import { closeConnection } from '../db.ts';
import {
  type FlowGraph,
  graphOfPlan,
  graphOfRun,
  graphSvg,
  graphText,
  planOf,
} from '../flows/index.ts';
import { describedRun, registeredFlow } from './flows-run.ts';

const graphOf = async (given: string): Promise<FlowGraph> =>
  validate(given)
    ? graphOfRun(await describedRun(given))
    : graphOfPlan(planOf(registeredFlow(given)));

const graph = async (
  given: string,
  { json, svg }: { readonly json?: true; readonly svg?: true },
): Promise<void> => {
  try {
    const found = await graphOf(given);
    if (json) console.log(JSON.stringify(found));
    else console.log(svg ? graphSvg(found) : graphText(found));
  } finally {
    await closeConnection();
  }
};

/** `nightshift flows graph` */
export const graphCommand = (): Command =>
  new Command('graph')
    .description('draw a run with the state of its steps, or a flow')
    .argument('<run-or-flow>', 'the id of a run, or the name of a flow')
    .option('--svg', 'as an SVG document')
    .option('--json', 'as one line of JSON')
    .addHelpText(
      'after',
      `
○ pending  ◌ queued  ◉ running  ↻ to be tried again  ◷ waiting  ● completed  ⊘ skipped  ✖ failed

Examples:
  nightshift flows graph reconciliation
  nightshift flows graph 0198c3a4-7e1c-7d52-9a37-1f0a5c1f4c11 --svg > run.svg`,
    )
    .action(graph);
