import type { EntityManager } from 'typeorm';

import type { CounterName } from '../../../jobs/handlers/reconciliation/counters.ts';
import { signalFlow } from '../../control/signal.ts';

/** Runs let go by one report. There is one of a counter that waits, but for those that began at the same time. */
const most = 100;

/**
 * Lets older runs go that wait for somebody to approve their reports: this one is of now, and names what they name
 * that is still so. An answer is what lets a run go, so that one which somebody has given before counts, not this.
 *
 * @param run whose report it is
 */
export const supersede = async (
  manager: EntityManager,
  run: string,
  counter: CounterName,
): Promise<void> => {
  const older = await manager.query<{ id: string }[]>(
    `select older.id from flow_run own join flow_run older
       on older.flow = own.flow and (older.created_at, older.id) < (own.created_at, own.id)
     where own.id = $1 and older.state in ('running', 'paused') and older.input ->> 'counter' = $2
       and exists (
         select from flow_task task
         where task.run_id = older.id and task.step = 'approval' and task.state = 'waiting')
     order by older.created_at, older.id limit ${most}`,
    [run, counter],
  );
  for (const { id } of older)
    await signalFlow(
      manager,
      id,
      'approval',
      { approved: false, supersededBy: run },
      { key: 'superseded' },
    );
};
