import { Command } from 'commander';
import type { EntityManager } from 'typeorm';

import type { Operator } from '../dead-letters/audit.ts';
import createOrGetConnection, { closeConnection } from '../db.ts';
import {
  cancelFlow,
  pauseFlow,
  resumeFlow,
  retryFlow,
} from '../flows/index.ts';
import { runId } from './flows-run.ts';
import { withActor } from './operator.ts';

interface ControlOptions extends Operator {
  readonly from?: string;
  readonly json?: true;
}

type Control = (
  manager: EntityManager,
  run: string,
  operator: Operator,
  options: ControlOptions,
) => Promise<void>;

const control =
  (act: Control, said: string) =>
  async (run: string, options: ControlOptions): Promise<void> => {
    const { actor, reason, json } = options;
    try {
      const { manager } = await createOrGetConnection();
      await act(manager, run, { actor, reason }, options);
      console.log(
        json ? JSON.stringify({ run, done: said }) : `${run} ${said}`,
      );
    } finally {
      await closeConnection();
    }
  };

const command = (
  name: string,
  description: string,
  act: Control,
  said: string,
): Command =>
  withActor(new Command(name))
    .description(description)
    .argument('<run>', 'an id that list shows', runId)
    .option('--reason <text>', 'why, for the run and the audit log')
    .option('--json', 'print one line of JSON')
    .action(control(act, said));

/** `nightshift flows cancel`, `pause`, `resume` and `retry` */
export const controlCommands = (): readonly Command[] => [
  command(
    'cancel',
    'end a run and its children: nothing more begins, what runs is aborted',
    cancelFlow,
    'is cancelled',
  ),
  command(
    'pause',
    'let no more steps of a run begin; those that run go on to their end',
    pauseFlow,
    'is paused',
  ),
  command('resume', 'let a paused run go on', resumeFlow, 'goes on'),
  command(
    'retry',
    'let a run that failed or was cancelled go on from the failed step',
    (manager, run, operator, { from }) =>
      retryFlow(manager, run, operator, from === undefined ? {} : { from }),
    'goes on',
  ).option(
    '--from <step>',
    'begin again with this step and everything below it, completed or not',
  ),
];
