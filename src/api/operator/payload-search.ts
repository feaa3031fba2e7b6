import { createHash } from 'node:crypto';

import type { DataSource } from 'typeorm';

import { newOperation, recordAction } from '../../dead-letters/audit.ts';
import { auditedFilter } from '../../dead-letters/filter.ts';
import type { PayloadCondition } from '../../dead-letters/payload-path.ts';
import { isShown } from '../../dead-letters/redact.ts';
import { requireRight, type OperatorCaller } from './access.ts';

/** Searches remembered, so that a page that asks again and again makes one line. */
const remembered = 1_000;
const asked = new Set<string>();

const isNew = (key: string): boolean => {
  if (asked.has(key)) return false;
  const [oldest] = asked;
  if (asked.size >= remembered && oldest !== undefined) asked.delete(oldest);
  asked.add(key);
  return true;
};

/**
 * Whoever may search for what is hidden learns it by guessing: that takes the right to reveal, and stands in the
 * audit log, the values hashed, once a search and process.
 *
 * @throws ApiError FORBIDDEN
 */
export const guardSearch = async (
  con: DataSource,
  caller: OperatorCaller,
  payload: readonly PayloadCondition[] | undefined,
): Promise<void> => {
  const hidden = (payload ?? []).filter((condition) => !isShown(condition));
  if (hidden.length === 0) return;
  requireRight(caller, 'reveal');
  const actor = typeof caller.name === 'string' ? caller.name : 'unnamed';
  const filter = auditedFilter({ payload: hidden });
  const key = createHash('sha256')
    .update(JSON.stringify([actor, filter]))
    .digest('base64');
  if (!isNew(key)) return;
  try {
    await recordAction(con.manager, {
      operation: newOperation(),
      action: 'dead-letters.search',
      actor,
      filter,
      counts: {},
    });
  } catch (error) {
    // The next one must not pass for one that is written down.
    asked.delete(key);
    throw error;
  }
};
