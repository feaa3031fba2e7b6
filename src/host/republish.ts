import type { DataSource } from 'typeorm';

import { markRedriven } from '../dead-letters/claim.ts';
import type { Operator } from '../dead-letters/audit.ts';
import { type DeadLetter, Outbox } from '../entity/infrastructure/index.ts';
import { insertIntoOutbox } from '../events/outbox.ts';

/** The desk keeps the key as it was published: change data capture writes every key as JSON. */
const rowKey = (orderingKey: string): string => {
  const key: unknown = JSON.parse(orderingKey);
  return typeof key === 'string' ? key : orderingKey;
};

/**
 * Sends an event out again that the broker had refused, so that nobody has had it: its row is written
 * to the outbox anew, with its id, key and attributes, in the transaction that marks the entry. What
 * is refused once more comes back to the desk and opens the entry again.
 *
 * @throws whatever Postgres says; nothing has happened then.
 */
export const republish = (
  con: DataSource,
  { id, identity, topic, payload, orderingKey, attributes }: DeadLetter,
  operator: Operator,
): Promise<void> =>
  con.transaction(async (manager) => {
    // Change data capture sees only a row that is inserted.
    await manager.delete(Outbox, { id: identity });
    await insertIntoOutbox(manager, {
      id: identity,
      topic,
      payload,
      orderingKey: rowKey(orderingKey),
      traceparent: attributes['googclient_traceparent'],
      cause: attributes['cause'],
    });
    await markRedriven(manager, id, operator);
  });
