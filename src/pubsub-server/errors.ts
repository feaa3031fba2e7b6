import { Metadata, type StatusObject, status } from '@grpc/grpc-js';

import { encodeErrorStatus, type ErrorInfo } from './wire/error-status.ts';

/** Longest text of an answer, in characters: it travels in a header, and clients limit those. */
const LONGEST_DETAILS = 1_000;

/** Names of resources come from outside and may be of any length. */
const fitting = (details: string): string =>
  (details.length > LONGEST_DETAILS
    ? `${details.slice(0, LONGEST_DETAILS)}…`
    : details
  ).toWellFormed();

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
    const fit = fitting(details);
    super(fit);
    this.code = code;
    this.details = fit;
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
 * How much of an answer may name ack ids, in bytes before base64: Node's HTTP/2 client resets a call whose
 * headers are above 64 KB, and Google's client then retries for minutes what was refused for good.
 */
const NAMED_IDS_BYTES = 40_000;

const PERMANENT_FAILURE = 'PERMANENT_FAILURE_INVALID_ACK_ID';

/** Clients send again, alone, what begins with TRANSIENT_. */
const TRANSIENT_FAILURE = 'TRANSIENT_FAILURE_OTHERS_INVALID';

/** Of the tags and lengths around an id and what is said of it. */
const NAMED_ID_FRAMING = 10;

/** As many as fit into an answer, some 600. */
const fittingIds = (
  named: readonly (readonly [ackId: string, failure: string])[],
): readonly (readonly [string, string])[] => {
  let bytes = 0;
  const end = named.findIndex(([ackId, failure]) => {
    bytes += ackId.length + failure.length + NAMED_ID_FRAMING;
    return bytes > NAMED_IDS_BYTES;
  });
  return end === -1 ? named : named.slice(0, end);
};

/**
 * The answer to acknowledgements on an exactly-once subscription of which some came too late:
 * https://cloud.google.com/pubsub/docs/exactly-once-delivery#handling_acknowledgment_failures
 *
 * Clients disagree on what became of ids that such an answer leaves out (Node, Go and Python: they failed; Java:
 * they succeeded), so it names all. Where there are too many it is ABORTED: all clients but Java's then send
 * again what it leaves out.
 *
 * @param refused they have no lease that stands
 * @param standing the others of the request, which are to be sent again
 */
export const invalidAckIds = (
  refused: readonly string[],
  standing: readonly string[],
): PubSubError => {
  const named = [
    ...refused.map((ackId) => [ackId, PERMANENT_FAILURE] as const),
    ...standing.map((ackId) => [ackId, TRANSIENT_FAILURE] as const),
  ];
  const metadata = fittingIds(named);
  return new PubSubError(
    metadata.length < named.length ? status.ABORTED : status.INVALID_ARGUMENT,
    'Some acknowledgement ids in the request were invalid. This could be because the acknowledgement ids have expired or the acknowledgement ids were malformed.',
    { reason: 'INVALID_ACK_IDS', domain: 'pubsub.googleapis.com', metadata },
  );
};
