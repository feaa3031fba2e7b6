import type { EntityManager } from 'typeorm';

import { RunStateError, UnknownRunError } from '../errors.ts';

export type RunState =
  'running' | 'paused' | 'completed' | 'failed' | 'cancelled';

export interface RunRow {
  readonly id: string;
  readonly flow: string;
  readonly version: number;
  readonly plan_id: string;
  readonly state: RunState;
  readonly traceparent: string | null;
}

/** @throws UnknownRunError */
export const runRow = async (
  manager: EntityManager,
  run: string,
): Promise<RunRow> => {
  const [row] = await manager.query<RunRow[]>(
    'select id, flow, version, plan_id, state, traceparent from flow_run where id = $1',
    [run],
  );
  if (!row) throw new UnknownRunError(run);
  return row;
};

/** @throws UnknownRunError, RunStateError */
export const refuseState = async (
  manager: EntityManager,
  run: string,
  expected: readonly RunState[],
): Promise<never> => {
  const { state } = await runRow(manager, run);
  throw new RunStateError(run, state, expected);
};
