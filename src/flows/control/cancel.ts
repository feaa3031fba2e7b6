import type { EntityManager } from 'typeorm';

import type { Operator } from '../../dead-letters/audit.ts';
import { wakeSql } from '../backend/wake-sql.ts';
import { recordControl } from './audit.ts';
import { refuseState } from './run-row.ts';

const statement = `
  with run as (
    update flow_run set state = 'cancelled', reason = $2, ended_at = clock_timestamp()
    where id = $1 and state in ('running', 'paused')
    returning id, flow, parent_run, parent_step, wake
  ), ${wakeSql('run')}
  select flow, (select count(*) from told) as told from run`;

const cancelOne = async (
  manager: EntityManager,
  run: string,
  operator: Operator,
): Promise<boolean> =>
  manager.transaction(async (own) => {
    const [row] = await own.query<{ flow: string }[]>(statement, [
      run,
      operator.reason ?? `cancelled by ${operator.actor}`,
    ]);
    if (!row) return false;
    await recordControl(
      own,
      'cancel',
      'run cancelled',
      { run, flow: row.flow },
      operator,
    );
    return true;
  });

/**
 * Cancels a run and the runs of its children. No more steps begin; the handlers of those that run get
 * their signal within a second, and whatever they still do, their ends change nothing: a transactional one
 * is rolled back. A run that waited for this one as its child sees its step fail. Audited.
 *
 * @throws UnknownRunError; RunStateError if it has ended
 */
export const cancelFlow = async (
  manager: EntityManager,
  run: string,
  operator: Operator,
): Promise<void> => {
  // A commit for each run, the parent's first: its children start no others, and no two are locked at once.
  if (!(await cancelOne(manager, run, operator)))
    await refuseState(manager, run, ['running', 'paused']);
  await cancelChildren(manager, run, operator);
};

/** Cancels the children of a run, with theirs. @param steps only those of these steps. @default all */
export const cancelChildren = async (
  manager: EntityManager,
  run: string,
  operator: Operator,
  steps?: readonly string[],
): Promise<void> => {
  const children = await manager.query<{ id: string }[]>(
    `select id from flow_run where parent_run = $1 and state in ('running', 'paused')
       and ($2::text[] is null or parent_step = any($2))`,
    [run, steps ?? null],
  );
  for (const { id } of children) {
    await cancelOne(manager, id, operator);
    await cancelChildren(manager, id, operator);
  }
};
