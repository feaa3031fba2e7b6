import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import { validate } from 'uuid';

import { ApiError } from './errors.ts';

/**
 * Who sends a request. The gateway in front of the API authenticates people, proves itself by the
 * secret and names the person in `x-user-id`.
 * - `anonymous`: no token; may read public data
 * - `gateway`: the right token; `viewerId` is the person, if one is signed in
 * - `closed`: the API has no secret, so that no token can be right
 */
export type Caller =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'gateway'; readonly viewerId: string | undefined };

export type Credentials = Pick<IncomingHttpHeaders, 'authorization'> & {
  readonly 'x-user-id'?: unknown;
};

/** Digests have one length, so that the comparison tells nothing of the secret, not even its length. */
const digest = (text: string) => createHash('sha256').update(text).digest();

/** Compares in constant time. */
export const sameSecret = (given: string, secret: string) =>
  timingSafeEqual(digest(given), digest(secret));

const viewerId = (given: unknown): string | undefined => {
  if (given === undefined || given === '') return undefined;
  if (typeof given === 'string' && validate(given)) return given.toLowerCase();
  throw new ApiError(
    'INVALID_INPUT',
    'expected x-user-id to be a UUID, got something else; the gateway must send the id of the user',
  );
};

/**
 * Tells who the caller is.
 *
 * @throws ApiError UNAUTHENTICATED if a token is given and wrong: a wrong token is never anonymous.
 */
export const authenticate = (
  credentials: Credentials,
  apiSecret: string | undefined,
): Caller => {
  if (!apiSecret) return { kind: 'closed' };
  const { authorization } = credentials;
  if (authorization === undefined) return { kind: 'anonymous' };
  const [, token] = /^Bearer (\S+)$/i.exec(authorization) ?? [];
  if (token === undefined || !sameSecret(token, apiSecret))
    throw new ApiError(
      'UNAUTHENTICATED',
      'expected Authorization: Bearer <API_SECRET>, got another token; ' +
        'send the secret that the API was started with',
    );
  return { kind: 'gateway', viewerId: viewerId(credentials['x-user-id']) };
};

/** @throws ApiError CLOSED or UNAUTHENTICATED unless the caller is the gateway. */
export const requireGateway = (
  caller: Caller,
): Extract<Caller, { kind: 'gateway' }> => {
  switch (caller.kind) {
    case 'gateway':
      return caller;
    case 'closed':
      throw new ApiError(
        'CLOSED',
        'mutations and private data are closed because API_SECRET is not set; ' +
          'set it (16 characters or more) and start the API again',
      );
    case 'anonymous':
      throw new ApiError(
        'UNAUTHENTICATED',
        'expected Authorization: Bearer <API_SECRET>, got no token; only public data may be read without one',
      );
  }
};

/** The id of the person for whom the gateway asks. @throws ApiError also VIEWER_REQUIRED */
export const requireViewer = (caller: Caller): string => {
  const { viewerId } = requireGateway(caller);
  if (viewerId !== undefined) return viewerId;
  throw new ApiError(
    'VIEWER_REQUIRED',
    'expected x-user-id: <id of the user>, got none; this field is about a person',
  );
};
