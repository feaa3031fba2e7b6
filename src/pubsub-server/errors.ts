import { Metadata, type StatusObject, status } from '@grpc/grpc-js';

import { encodeErrorStatus, type ErrorInfo } from './wire/error-status.ts';

/**
 * An answer other than OK: the gRPC status code and the sentence the client sees.
 * Where the wording of the real service is known, it is used, because clients match on it.
 */
export class PubSubError extends Error {
  override readonly name = 'PubSubError';
  readonly code: status;
  readonly details: string;
  /** What a machine may read of it, as google.rpc.ErrorInfo. */
  readonly errorInfo: ErrorInfo | undefined;

  constructor(code: status, details: string, errorInfo?: ErrorInfo) {
    super(details);
    this.code = code;
    this.details = details;
    this.errorInfo = errorInfo;
  }

  /** As gRPC ends a call with it. */
  toStatus(): Partial<StatusObject> {
    const { code, details, errorInfo } = this;
    if (errorInfo === undefined) return { code, details };
    const metadata = new Metadata();
    metadata.set(
      'grpc-status-details-bin',
      encodeErrorStatus(code, details, errorInfo),
    );
    return { code, details, metadata };
  }
}

const shortName = (resource: string): string =>
  resource.slice(resource.lastIndexOf('/') + 1);

export const invalidArgument = (details: string): PubSubError =>
  new PubSubError(status.INVALID_ARGUMENT, details);

/** `resource` may be a full name; the service answers with its last part. */
export const notFound = (resource: string): PubSubError =>
  new PubSubError(
    status.NOT_FOUND,
    `Resource not found (resource=${shortName(resource)}).`,
  );

/** `resource` may be a full name; the service answers with its last part. */
export const alreadyExists = (resource: string): PubSubError =>
  new PubSubError(
    status.ALREADY_EXISTS,
    `Resource already exists in the project (resource=${shortName(resource)}).`,
  );

/** What this server does not do, said instead of pretended. */
export const unimplemented = (what: string): PubSubError =>
  new PubSubError(
    status.UNIMPLEMENTED,
    `The local Pub/Sub server does not support ${what}.`,
  );

export const unavailable = (details: string): PubSubError =>
  new PubSubError(status.UNAVAILABLE, details);

export const failedPrecondition = (details: string): PubSubError =>
  new PubSubError(status.FAILED_PRECONDITION, details);

/**
 * The answer to acknowledgements on an exactly-once subscription of which some came too late:
 * https://cloud.google.com/pubsub/docs/exactly-once-delivery#handling_acknowledgment_failures
 */
export const invalidAckIds = (ackIds: readonly string[]): PubSubError =>
  new PubSubError(
    status.INVALID_ARGUMENT,
    'Some acknowledgement ids in the request were invalid. This could be because the acknowledgement ids have expired or the acknowledgement ids were malformed.',
    {
      reason: 'INVALID_ACK_IDS',
      domain: 'pubsub.googleapis.com',
      metadata: ackIds.map((ackId) => [
        ackId,
        'PERMANENT_FAILURE_INVALID_ACK_ID',
      ]),
    },
  );
