import { createHash } from 'node:crypto';

import type { DataSource } from 'typeorm';

import { newOperation, recordAction } from '../../dead-letters/audit.ts';
import { auditedFilter } from '../../dead-letters/filter.ts';
import type { PayloadCondition } from '../../dead-letters/payload-path.ts';
import { isShown } from '../../dead-letters/redact.ts';
import { parseInput } from '../input.ts';
import { requireRight, type OperatorCaller } from './access.ts';
import { operatorHeader } from './input.ts';

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

/** What may name conditions on payloads. */
export interface Searching {
  readonly payload?: readonly PayloadCondition[] | undefined;
}

/** Requires the right to reveal for conditions on what is hidden, and writes the search down. */
const guardConditions = async (
  con: DataSource,
  caller: OperatorCaller,
  payload: readonly PayloadCondition[],
): Promise<void> => {
  const hidden = payload.filter((condition) => !isShown(condition));
  if (hidden.length === 0) return;
  requireRight(caller, 'reveal');
  const { 'x-operator': actor } = parseInput(operatorHeader, {
    'x-operator': caller.name,
  });
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

/**
 * Whoever may search for what is hidden learns it by guessing: that takes the right to reveal, and stands in the
 * audit log, the values hashed, once a search and process. Whoever uses the token that all share has to say their name.
 *
 * @param operator fields and routes of operators let nobody else in
 * @returns the input, to be used as it is
 * @throws ApiError FORBIDDEN, INVALID_INPUT without a name
 */
export const guardSearch = async <Input extends Searching>(
  con: DataSource,
  operator: OperatorCaller | undefined,
  input: Input,
): Promise<Input> => {
  if (operator && input.payload)
    await guardConditions(con, operator, input.payload);
  return input;
};
