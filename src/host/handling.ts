import type { PubSub } from '@google-cloud/pubsub';
import type { Context, Span } from '@opentelemetry/api';
import type { DataSource } from 'typeorm';

import type { DeliveryRecorder } from '../causality/record.ts';
import { messageIdentity } from '../dead-letters/identity.ts';
import { errorOf } from '../dead-letters/thrown.ts';
import type { Logger } from '../logger.ts';
import type { RawMessage } from '../workers/worker.ts';
import type { Cancellation } from './cancellation.ts';
import type { ServedWorker } from './served-worker.ts';
import type { HandlerTransaction } from '../handler-transaction.ts';

/** What handling needs from its process. */
export interface HandleDependencies {
  readonly dataSource: DataSource;
  readonly logger: Logger;
  /** Handed to handlers; for publishing. */
  readonly pubsub: PubSub;
  /** Records the attempts of the worker's subscription. @default nothing is recorded */
  readonly recorder?: DeliveryRecorder | undefined;
}

/**
 * How an attempt failed:
 * - `unparsable`: the payload can never be handled and the handler never ran;
 * - `permanent`: the handler threw a `PermanentError`;
 * - `handler`: the handler threw anything else, or its time was up;
 * - `infrastructure`: Postgres was not there; no fault of the handler, nothing is counted;
 * - `cancelled`: the process drains; nothing is counted.
 */
export type FailureKind =
  'unparsable' | 'permanent' | 'handler' | 'infrastructure' | 'cancelled';

export interface Failure {
  readonly kind: FailureKind;
  readonly error: Error;
}

/**
 * What becomes of the message: `ack`; `nack`, to come again; `dead-letter`, written to the desk and
 * acked; `duplicate`, acked without effect because its effects are committed already.
 */
export type Outcome = 'ack' | 'nack' | 'dead-letter' | 'duplicate';

/**
 * One message on its way through the stages; each fills in what it found out. A failure is data on it,
 * which later stages match on. One record a message, because a copy a stage was a tenth of the host's work.
 */
export class Handling {
  /** Monotonic, milliseconds. */
  readonly startedAt = performance.now();
  span: Span | undefined = undefined;
  context: Context | undefined = undefined;
  eventId: string | undefined = undefined;
  /** The decoded payload. */
  data: unknown = undefined;
  transaction: HandlerTransaction | undefined = undefined;
  duplicate = false;
  failure: Failure | undefined = undefined;
  /** Settles when a handler that was given up on ends all the same; never rejects. */
  abandoned: Promise<void> | undefined = undefined;
  outcome: Outcome | undefined = undefined;
  /** Failures of the handler so far, where they were counted. */
  failures: number | undefined = undefined;

  constructor(
    readonly dependencies: HandleDependencies,
    readonly worker: ServedWorker,
    readonly raw: RawMessage,
    readonly cancellation: Cancellation,
    /** The handler is known to have failed on this message before. */
    readonly failedBefore: boolean,
    /** Run although the inbox says that the effects are committed already. */
    readonly again: boolean,
    /** Called once, at the end. */
    readonly done: (record: HandledRecord) => void,
  ) {}

  failed(kind: FailureKind, error: unknown): this {
    this.failure = { kind, error: errorOf(error) };
    return this;
  }

  became(outcome: Outcome, failures?: number): this {
    this.outcome = outcome;
    if (failures !== undefined) this.failures = failures;
    return this;
  }
}

/** What is known once a message went through all stages. */
export interface HandledRecord {
  readonly subscription: string;
  readonly messageId: string;
  readonly eventId: string | undefined;
  readonly outcome: Outcome;
  readonly error: Error | undefined;
  readonly failureKind: FailureKind | undefined;
  /** Failures of the handler so far; `undefined` where nothing was counted. */
  readonly failures: number | undefined;
  /** Settles when a handler that was given up on ends all the same; never rejects. */
  readonly abandoned: Promise<void> | undefined;
  readonly durationSeconds: number;
}

/** What `delivery_failure` and the desk know a message by. */
export const identityOf = ({ raw, eventId }: Handling): string =>
  messageIdentity({ eventId, publishTime: raw.publishTime, payload: raw.data });

/** The fields that every log line about a message carries. */
export const logFieldsOf = ({
  raw,
  worker,
  eventId,
  span,
}: Handling): Record<string, string | undefined> => ({
  messageId: raw.messageId,
  subscription: worker.subscription,
  eventId,
  traceId: span?.spanContext().traceId,
});
