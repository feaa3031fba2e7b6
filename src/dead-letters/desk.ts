import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import {
  DeadLetter,
  type DeadLetterSource,
} from '../entity/infrastructure/index.ts';

/** What failed for good, as its finder knows it. */
export interface DeadLetterInput {
  readonly source: DeadLetterSource;
  /** The subscription, queue, flow or slot that could not handle it. */
  readonly subscription: string;
  readonly topic: string;
  /** Unique with source and subscription; see `messageIdentity`. */
  readonly identity: string;
  readonly messageId?: string;
  readonly publishTime?: Date;
  readonly orderingKey?: string;
  readonly payload: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  readonly error: unknown;
  /** Failures of the handler; 0 if it never ran. */
  readonly attempts: number;
}

/**
 * Writes a dead letter. The same message again updates its entry and reopens it, so that the
 * desk shows one line for one failure however often it is found.
 */
export const writeDeadLetter = async (
  manager: EntityManager,
  input: DeadLetterInput,
): Promise<void> => {
  const error =
    input.error instanceof Error ? input.error : new Error(String(input.error));
  const now = new Date();
  await manager
    .createQueryBuilder()
    .insert()
    .into(DeadLetter)
    .values({
      id: uuidv7(),
      source: input.source,
      subscription: input.subscription,
      topic: input.topic,
      identity: input.identity,
      messageId: input.messageId ?? null,
      publishTime: input.publishTime ?? null,
      orderingKey: input.orderingKey ?? '',
      payload: input.payload,
      attributes: input.attributes,
      error: `${error.name}: ${error.message}`,
      errorStack: error.stack ?? null,
      attempts: input.attempts,
      state: 'open',
      firstSeenAt: now,
      lastSeenAt: now,
    })
    .orUpdate(
      ['error', 'error_stack', 'attempts', 'state', 'last_seen_at'],
      ['source', 'subscription', 'identity'],
    )
    .execute();
};
