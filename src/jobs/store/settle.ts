import type { DataSource, EntityManager } from 'typeorm';

import type { OnDead, Settled, Settlement } from '../port.ts';
import { release } from './release.ts';
import { settleCompleted } from './settle-completed.ts';
import { settleFailed } from './settle-failed.ts';

const ofType = (
  settlements: readonly Settlement[],
  type: Settlement['outcome']['type'],
): readonly Settlement[] =>
  settlements.filter(({ outcome }) => outcome.type === type);

/** Settles runs that ended; each at most once, because its fence goes with it. */
export const settle = async (
  con: DataSource,
  settlements: readonly Settlement[],
  manager: EntityManager | undefined,
  onDead: (name: string) => OnDead | undefined,
): Promise<Settled[]> => {
  const settled = new Map<string, Settled>();
  const write = async (writer: EntityManager): Promise<void> => {
    const completed = ofType(settlements, 'completed');
    if (completed.length > 0)
      for (const id of await settleCompleted(writer, completed))
        settled.set(id, 'completed');
    const failed = ofType(settlements, 'failed');
    if (failed.length > 0)
      for (const [id, outcome] of await settleFailed(writer, failed, onDead))
        settled.set(id, outcome);
    const released = ofType(settlements, 'released');
    if (released.length > 0)
      for (const id of await release(writer, released))
        settled.set(id, 'released');
  };
  const isOneStatement = settlements.every(
    ({ outcome, progress, log }) =>
      outcome.type === 'completed' && progress === undefined && !log?.length,
  );
  if (manager) await write(manager);
  else if (isOneStatement) await write(con.manager);
  else await con.transaction(write);
  return settlements.map(({ id }) => settled.get(id) ?? 'lost');
};
