import type { DataSource, EntityManager } from 'typeorm';

import { newOperation, type Operator, recordAction } from './audit.ts';
import { auditedFilter, conditionOf, type DeadLetterFilter } from './filter.ts';
import { withinTime } from './search.ts';

export interface Resolution extends Operator {
  readonly reason: string;
  readonly filter: DeadLetterFilter;
  readonly limit: number;
}

/**
 * Marks open entries as resolved: nothing is to be done about them. One transaction, with its line in
 * the audit log. An entry that somebody writes to at this moment is left out.
 *
 * @returns how many entries.
 * @throws DeskTimeoutError
 */
export const resolveEntries = (
  con: DataSource,
  { filter, limit, actor, reason }: Resolution,
): Promise<number> => {
  const { sql, parameters } = conditionOf({ ...filter, state: 'open' });
  const next = parameters.length + 1;
  return withinTime(con, async (manager) => {
    const [, resolved] = await manager.query<[unknown[], number]>(
      `with chosen as materialized (
        select id from dead_letter where ${sql}
         order by id limit $${next + 2} for update skip locked
      )
      update dead_letter as entry
         set state = 'resolved', state_changed_at = now(),
             state_changed_by = $${next}, state_reason = $${next + 1}
        from chosen where entry.id = chosen.id`,
      [...parameters, actor, reason, limit],
    );
    await recordAction(manager, {
      operation: newOperation(),
      action: 'dead-letters.resolve',
      actor,
      reason,
      filter: { ...auditedFilter(filter), limit },
      counts: { resolved },
    });
    return resolved;
  });
};

/** Marks one open entry as resolved, without a line in the audit log. @returns whether it was open */
export const resolveOne = async (
  manager: EntityManager,
  id: string,
  { actor, reason }: Operator,
): Promise<boolean> => {
  const [, resolved] = await manager.query<[unknown[], number]>(
    `update dead_letter set state = 'resolved', state_changed_at = now(), state_changed_by = $2, state_reason = $3
      where id = $1 and state = 'open'`,
    [id, actor, reason ?? null],
  );
  return resolved > 0;
};
