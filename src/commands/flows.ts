import { Command } from 'commander';

import { flows } from '../flows/definitions/index.ts';
import type { FlowRegistry } from '../flows/index.ts';
import { controlCommands } from './flows-control.ts';
import { graphCommand } from './flows-graph.ts';
import { listCommand } from './flows-list.ts';
import { showCommand } from './flows-show.ts';
import { signalCommand, startCommand } from './flows-start.ts';

/** `nightshift flows`: multi-step work. @param known what a signal carries is checked by these. @default all that are registered */
export const flowsCommand = (known: FlowRegistry = flows): Command => {
  const command = new Command('flows')
    .description('look at runs of flows, start and steer them')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(graphCommand())
    .addCommand(startCommand())
    .addCommand(signalCommand(known));
  for (const each of controlCommands()) command.addCommand(each);
  return command.addHelpText(
    'after',
    `
What a step did to fail for good stands at the dead-letter desk; its redrive is the same as retry:
  nightshift dead-letters list --source flow

Example:
  nightshift flows list --state failed
  nightshift flows show 0198c3a4-7e1c-7d52-9a37-1f0a5c1f4c11
  nightshift flows retry 0198c3a4-7e1c-7d52-9a37-1f0a5c1f4c11 --reason 'the disk is larger'`,
  );
};
