import type { EntityManager } from 'typeorm';

import {
  newOperation,
  type Operator,
  recordAction,
} from '../../dead-letters/audit.ts';
import type { AnyFlow } from '../dsl/definition.ts';
import { InvalidSignalError, RunStateError } from '../errors.ts';
import { runRow } from './run-row.ts';
import { signalFlow } from './signal.ts';

/** A flow in the version of a run; `undefined` if this process does not know it. */
export type FlowOf = (
  name: string,
  version: number,
) => AnyFlow | undefined | Promise<AnyFlow | undefined>;

export interface OperatorSignal {
  readonly run: string;
  /** The step that waits, now or later. */
  readonly step: string;
  readonly payload: unknown;
  /** A second signal with the same key to the same step changes nothing. @default none */
  readonly key?: string | undefined;
}

const flowToCheck = async (
  manager: EntityManager,
  { run, step }: OperatorSignal,
  flowOf: FlowOf,
): Promise<AnyFlow> => {
  const { flow, version } = await runRow(manager, run);
  const known = await flowOf(flow, version);
  if (!known)
    throw new InvalidSignalError(
      run,
      step,
      `expected the flow ${flow}, version ${version}, to be known here, or what the signal carries cannot be checked; ` +
        'send it from the version of Nightshift that runs it',
    );
  return known;
};

/** What nobody would ever take is refused: a person is there to hear it. */
const refuseEnded = async (
  manager: EntityManager,
  { run, step }: OperatorSignal,
): Promise<void> => {
  const { state } = await runRow(manager, run);
  if (state !== 'running' && state !== 'paused')
    throw new RunStateError(run, state, ['running', 'paused']);
  const [found] = await manager.query<{ state: string; signals: number }[]>(
    `select state, (
       select count(*)::int from flow_signal where run_id = $1 and name = $2 and consumed_at is null) as signals
     from flow_step where run_id = $1 and name = $2`,
    [run, step],
  );
  if (found?.state === 'completed' || found?.state === 'skipped')
    throw new InvalidSignalError(
      run,
      step,
      `expected a step that waits or will, but it is ${found.state} already`,
    );
  if ((found?.signals ?? 0) > 1)
    throw new InvalidSignalError(
      run,
      step,
      'expected to be the first, but another signal was sent before, with which the step will end',
    );
};

/**
 * Sends a signal by hand, as `signalFlow` does, with what it carries checked by the version of the flow that the run
 * began with. Audited.
 *
 * @returns `false` if a signal with this key was sent before
 * @throws UnknownRunError; RunStateError if the run has ended; InvalidSignalError if the step has, has a signal or
 * waits for none, if the payload is not as it declares, or if this process does not know the flow: nothing was written then
 */
export const signalAsOperator = async (
  manager: EntityManager,
  signal: OperatorSignal,
  operator: Operator,
  flowOf: FlowOf,
): Promise<boolean> => {
  const { run, step, payload, key } = signal;
  const flow = await flowToCheck(manager, signal, flowOf);
  return manager.transaction(async (own) => {
    const sent = await signalFlow(own, run, step, payload, {
      flow,
      ...(key !== undefined && { key }),
    });
    if (!sent) return false;
    // The signal holds the step's lock by now: what it finds cannot end before it commits.
    await refuseEnded(own, signal);
    await recordAction(own, {
      ...operator,
      operation: newOperation(),
      action: 'flows.signal',
      filter: { flow: flow.name, run, step },
      counts: { sent: 1 },
    });
    return true;
  });
};
