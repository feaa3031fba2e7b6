import type { PubSub } from '@google-cloud/pubsub';
import type { DataSource, EntityManager } from 'typeorm';

import type { RowChangeFacts } from '../causality/record.ts';
import type { Logger } from '../logger.ts';
import type { Message, RawMessage } from '../workers/worker.ts';

/** A worker of any kind, with its declaration, in the one shape that the host serves. */
export interface ServedWorker {
  readonly subscription: string;
  readonly topic: string;
  /** Messages of one ordering key are handled one at a time, a failed one in place. */
  readonly ordered: boolean;
  readonly ackDeadlineSeconds: number;
  /** Messages handled at once. */
  readonly maxMessages: number;
  readonly timeoutSeconds: number;
  /** Failures of the handler before the message is a dead letter. */
  readonly maxFailures: number;
  /**
   * Seconds before the host itself tries again the failed head of an ordering key, doubled with each
   * failure up to the maximum. @default { minimumSeconds: 1, maximumSeconds: 600 }
   */
  readonly retryBackoff?: {
    readonly minimumSeconds: number;
    readonly maximumSeconds: number;
  };
  /** The handler gets the EntityManager of the transaction that holds the inbox row. */
  readonly transactional: boolean;
  /** Decodes and validates. @throws PermanentError if the payload can never be handled. */
  readonly parse: (message: RawMessage) => unknown;
  /** What the message is recognised by when it comes again; `undefined` if it has no identity. */
  readonly eventId: (message: RawMessage) => string | undefined;
  /** The row change that a message tells of, once its event id was asked for. @default none */
  readonly change?: (message: RawMessage) => RowChangeFacts | undefined;
  readonly run: (
    message: Message<unknown>,
    con: DataSource | EntityManager,
    logger: Logger,
    pubsub: PubSub,
  ) => Promise<void>;
}
