import { status } from '@grpc/grpc-js';

/**
 * An answer other than OK: the gRPC status code and the sentence the client sees.
 * Where the wording of the real service is known, it is used, because clients match on it.
 */
export class PubSubError extends Error {
  override readonly name = 'PubSubError';
  readonly code: status;
  readonly details: string;

  constructor(code: status, details: string) {
    super(details);
    this.code = code;
    this.details = details;
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
