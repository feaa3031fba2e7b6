import { Command } from 'commander';

import {
  newOperation,
  type Operator,
  recordAction,
} from '../dead-letters/audit.ts';
import createOrGetConnection, { closeConnection } from '../db.ts';
import {
  flowOf,
  type FlowRegistry,
  signalAsOperator,
  startAnyFlow,
} from '../flows/index.ts';
import { registeredFlow, runId } from './flows-run.ts';
import { jsonArgument } from './input.ts';
import { withActor } from './operator.ts';

interface SendOptions extends Operator {
  readonly key?: string;
  readonly json?: true;
}

const start = async (
  name: string,
  given: string | undefined,
  { actor, reason, key, json }: SendOptions,
): Promise<void> => {
  const flow = registeredFlow(name);
  const input = await jsonArgument(given);
  try {
    const con = await createOrGetConnection();
    const started = await con.transaction(async (manager) => {
      const run = await startAnyFlow(flow, input, {
        manager,
        ...(key !== undefined && { key }),
      });
      if (run.created)
        await recordAction(manager, {
          operation: newOperation(),
          action: 'flows.start',
          actor,
          reason,
          filter: { flow: flow.name, run: run.id },
          counts: {},
        });
      return run;
    });
    if (json) console.log(JSON.stringify(started));
    else
      console.log(
        started.created
          ? `started ${started.id}; nightshift flows show ${started.id}`
          : `a run with this key was there before: ${started.id}`,
      );
  } finally {
    await closeConnection();
  }
};

const signal = async (
  known: FlowRegistry,
  id: string,
  step: string,
  given: string | undefined,
  { actor, reason, key, json }: SendOptions,
): Promise<void> => {
  const payload = await jsonArgument(given);
  try {
    const { manager } = await createOrGetConnection();
    const sent = await signalAsOperator(
      manager,
      { run: id, step, payload, key },
      { actor, reason },
      (name, version) => flowOf(known, name, version),
    );
    if (json) console.log(JSON.stringify({ run: id, step, sent }));
    else
      console.log(
        sent
          ? `${id} got the signal ${step}`
          : 'a signal with this key was sent before; nothing was done',
      );
  } finally {
    await closeConnection();
  }
};

const sending = (name: string): Command =>
  withActor(new Command(name))
    .option('--reason <text>', 'why, for the audit log')
    .option('--json', 'print one line of JSON');

/** `nightshift flows start` */
export const startCommand = (): Command =>
  sending('start')
    .description('start a run of a flow')
    .argument('<flow>', 'its name')
    .argument('[input]', 'JSON, @file, or @- for the standard input')
    .option('--key <text>', 'a second run with this key is never made')
    .addHelpText(
      'after',
      `
Example:
  nightshift flows start reconciliation '{"counter":"post-upvotes"}'`,
    )
    .action(start);

/** `nightshift flows signal` */
export const signalCommand = (known: FlowRegistry): Command =>
  sending('signal')
    .description('send a signal to the step of a run that waits for it')
    .argument('<run>', 'an id that list shows', runId)
    .argument('<step>', 'the step that waits, now or later')
    .argument('[payload]', 'JSON, @file, or @- for the standard input')
    .option('--key <text>', 'a second signal with this key changes nothing')
    .addHelpText(
      'after',
      `
What it carries is checked as the step declares it; a run or a step that has ended takes none.

Example:
  nightshift flows signal 0198c3a4-7e1c-7d52-9a37-1f0a5c1f4c11 approval '{"approved":true}'`,
    )
    .action(
      (
        id: string,
        step: string,
        given: string | undefined,
        options: SendOptions,
      ) => signal(known, id, step, given, options),
    );
