import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { AuditLog } from '../entity/infrastructure/index.ts';
import { storable } from './text.ts';

/** Who does something, and why. */
export interface Operator {
  /** A name of at most 200 characters. */
  readonly actor: string;
  readonly reason?: string | undefined;
}

export interface AuditedAction extends Operator {
  /** The same for the start and the end of one operation; see `newOperation`. */
  readonly operation: string;
  /** What was done, for example `dead-letters.resolve`. */
  readonly action: string;
  /** Without personal data; see `auditedFilter`. */
  readonly filter: Readonly<Record<string, unknown>>;
  readonly counts: Readonly<Record<string, number>>;
}

/** An id for everything that the audit log says of one operation. */
export const newOperation = (): string => uuidv7();

/** Adds to the audit log, in the caller's transaction if its manager has one. */
export const recordAction = async (
  manager: EntityManager,
  { operation, action, actor, reason, filter, counts }: AuditedAction,
): Promise<void> => {
  await manager.query(
    `insert into audit_log (id, operation, action, actor, reason, filter, counts)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      uuidv7(),
      operation,
      action,
      storable(actor).slice(0, 200),
      reason === undefined ? null : storable(reason).slice(0, 2_000),
      JSON.stringify(filter),
      JSON.stringify(counts),
    ],
  );
};

/** The newest actions, at most `limit`. @param before the last id of the page before. */
export const listActions = (
  manager: EntityManager,
  limit: number,
  before?: string,
): Promise<AuditLog[]> => {
  const query = manager
    .getRepository(AuditLog)
    .createQueryBuilder('action')
    .orderBy('action.id', 'DESC')
    .take(limit);
  if (before !== undefined) query.where('action.id < :before', { before });
  return query.getMany();
};
