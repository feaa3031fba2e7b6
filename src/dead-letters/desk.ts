import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import type { DeadLetterSource } from '../entity/infrastructure/index.ts';
import { documentOf } from './document.ts';
import { fingerprintOf } from './fingerprint.ts';
import { shortened, storable } from './text.ts';

/** What failed for good, as its finder knows it. */
export interface DeadLetterInput {
  readonly source: DeadLetterSource;
  /** The subscription, queue, flow or slot that could not handle it. */
  readonly subscription: string;
  readonly topic: string;
  /** Unique with source and subscription; see `messageIdentity`. */
  readonly identity: string;
  readonly eventId?: string | undefined;
  readonly messageId?: string;
  readonly publishTime?: Date;
  readonly orderingKey?: string;
  readonly payload: Buffer;
  /** The payload as JSON where its bytes are none, for searching. @default the payload, parsed */
  readonly document?: unknown;
  readonly attributes: Readonly<Record<string, string>>;
  readonly error: unknown;
  /** Failures since it was last written here; 0 if the handler never ran. */
  readonly attempts: number;
  /** The message on the dead-letter topic that this was read from; the same one counts once. */
  readonly forwardedId?: string;
}

/** Characters kept of what a handler throws. */
const longestError = 4_000;
const longestStack = 16_000;

const statement = `
  insert into dead_letter as entry (
    id, source, subscription, topic, identity, event_id, message_id, publish_time, ordering_key,
    payload, document, attributes, error, error_stack, fingerprint, attempts, forwarded_id
  ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
  on conflict (source, subscription, identity) do update set
    error = case when entry.erased_at is null then excluded.error else entry.error end,
    error_stack = case when entry.erased_at is null then excluded.error_stack end,
    fingerprint = case when entry.erased_at is null then excluded.fingerprint else entry.fingerprint end,
    attempts = entry.attempts + excluded.attempts,
    forwarded_id = coalesce(excluded.forwarded_id, entry.forwarded_id),
    last_seen_at = now(),
    state = case when entry.erased_at is null then 'open' else entry.state end,
    state_changed_at = case when entry.erased_at is not null then entry.state_changed_at end,
    state_changed_by = case when entry.erased_at is not null then entry.state_changed_by end,
    state_reason = case when entry.erased_at is not null then entry.state_reason end
  where excluded.forwarded_id is null or entry.forwarded_id is distinct from excluded.forwarded_id
  returning id`;

const errorOf = (thrown: unknown): Error => {
  if (thrown instanceof Error) return thrown;
  const error = new Error(String(thrown));
  // It would tell of this line, not of the fault.
  error.stack = '';
  return error;
};

const documentText = ({
  document,
  payload,
}: DeadLetterInput): string | null => {
  if (document === undefined) return documentOf(payload);
  try {
    return documentOf(Buffer.from(JSON.stringify(document) ?? ''));
  } catch {
    // Nested too deep even for this.
    return null;
  }
};

/**
 * Writes a dead letter. The same message again counts on in its entry and reopens it, so that the desk
 * shows one line for one failure however often it is found; an erased entry stays erased.
 *
 * @returns whether anything was new: `false` if this forwarded message was drained before.
 */
export const writeDeadLetter = async (
  manager: EntityManager,
  input: DeadLetterInput,
): Promise<boolean> => {
  const error = errorOf(input.error);
  const stack = error.stack
    ? shortened(storable(error.stack), longestStack)
    : null;
  const rows = await manager.query<unknown[]>(statement, [
    uuidv7(),
    input.source,
    storable(input.subscription),
    storable(input.topic),
    storable(input.identity),
    input.eventId === undefined ? null : storable(input.eventId),
    input.messageId ?? null,
    input.publishTime ? new Date(input.publishTime.getTime()) : null,
    storable(input.orderingKey ?? ''),
    input.payload,
    documentText(input),
    JSON.stringify(
      Object.fromEntries(
        Object.entries(input.attributes).map(([name, value]) => [
          storable(name),
          storable(value),
        ]),
      ),
    ),
    shortened(storable(`${error.name}: ${error.message}`), longestError),
    stack,
    fingerprintOf(error),
    input.attempts,
    input.forwardedId ?? null,
  ]);
  return rows.length > 0;
};
