import type { EntityManager } from 'typeorm';

import {
  newOperation,
  type Operator,
  recordAction,
} from '../../dead-letters/audit.ts';

/** Adds a line to the audit log, and one to the run's own timeline. */
export const recordControl = async (
  manager: EntityManager,
  action: 'cancel' | 'pause' | 'resume' | 'retry',
  event: string,
  { run, flow }: { readonly run: string; readonly flow: string },
  operator: Operator,
  detail: Readonly<Record<string, unknown>> = {},
): Promise<void> => {
  await manager.query(
    'insert into flow_event (run_id, type, detail) values ($1, $2, $3)',
    [
      run,
      event,
      JSON.stringify({
        by: operator.actor,
        reason: operator.reason,
        ...detail,
      }),
    ],
  );
  await recordAction(manager, {
    ...operator,
    operation: newOperation(),
    action: `flows.${action}`,
    filter: { run, flow, ...detail },
    counts: {},
  });
};
