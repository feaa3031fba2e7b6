import type { EntityManager } from 'typeorm';

import { repair } from '../../../jobs/handlers/reconciliation/chunk.ts';
import {
  type CounterName,
  counters,
} from '../../../jobs/handlers/reconciliation/counters.ts';
import {
  keptDifferences,
  listDifferences,
  noteRepairs,
} from '../../../jobs/handlers/reconciliation/report.ts';

/** Rows that a statement counts again. */
const rowsAtOnce = 250;

/** What became of the rows that a report names. */
export interface Repaired {
  readonly named: number;
  /** The others agreed by then, or were gone. */
  readonly repaired: number;
}

/**
 * Sets right the rows that a report names (at most 1,000), and no others: they are what was approved. Each is counted
 * again, in this transaction, so that a repair which comes late, or again, writes what is true now.
 */
export const repairReported = async (
  manager: EntityManager,
  reportId: string,
  name: CounterName,
): Promise<Repaired> => {
  const named = await listDifferences(manager, reportId, keptDifferences);
  const ids = named.map(({ rowId }) => rowId);
  const repaired: string[] = [];
  for (let from = 0; from < ids.length; from += rowsAtOnce) {
    const rows = ids.slice(from, from + rowsAtOnce);
    for (const { id } of await repair(manager, counters[name], rows))
      repaired.push(id);
  }
  await noteRepairs(manager, reportId, repaired);
  return { named: ids.length, repaired: repaired.length };
};
