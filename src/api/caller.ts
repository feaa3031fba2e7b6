import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import { validate } from 'uuid';

import { ApiError } from './errors.ts';

/**
 * Who sends a request. The gateway in front of the API authenticates people, proves itself by the
 * secret and names the person in `x-user-id`. Operators have a secret of their own, and a name.
 * - `anonymous`: no token; may read public data
 * - `gateway`: its token; `viewerId` is the person, if one is signed in
 * - `operator`: the operators' token; `name` is what `x-operator` says, for the audit log
 * - `closed`: the API has no secret of the gateway, so that no token of the gateway can be right
 */
export type Caller =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'gateway'; readonly viewerId: string | undefined }
  | { readonly kind: 'operator'; readonly name: unknown };

export type Credentials = Pick<IncomingHttpHeaders, 'authorization'> & {
  readonly 'x-operator'?: unknown;
  readonly 'x-user-id'?: unknown;
};

/** What callers prove themselves by; what is `undefined` proves nobody. */
export interface CallerSecrets {
  readonly apiSecret: string | undefined;
  readonly operatorSecret?: string | undefined;
}

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
  { apiSecret, operatorSecret }: CallerSecrets,
): Caller => {
  const { authorization } = credentials;
  const [, token] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? [];
  if (apiSecret && token !== undefined && sameSecret(token, apiSecret))
    return { kind: 'gateway', viewerId: viewerId(credentials['x-user-id']) };
  if (
    operatorSecret &&
    token !== undefined &&
    sameSecret(token, operatorSecret)
  )
    return { kind: 'operator', name: credentials['x-operator'] };
  if (!apiSecret) return { kind: 'closed' };
  if (authorization === undefined) return { kind: 'anonymous' };
  throw new ApiError(
    'UNAUTHENTICATED',
    'expected Authorization: Bearer <API_SECRET>, got another token; ' +
      'send the secret that the API was started with',
  );
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
    case 'operator':
      throw new ApiError(
        'UNAUTHENTICATED',
        'expected Authorization: Bearer <API_SECRET>, got the token of operators, which opens their fields alone',
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

/**
 * @param open whether operators have a secret at all.
 * @throws ApiError CLOSED or UNAUTHENTICATED unless the caller is an operator.
 */
export const requireOperator = (
  caller: Caller,
  open: boolean,
): Extract<Caller, { kind: 'operator' }> => {
  if (caller.kind === 'operator') return caller;
  if (!open)
    throw new ApiError(
      'CLOSED',
      'what operators see and do is closed because OPERATOR_SECRET is not set; ' +
        'set it (16 characters or more) and start the API again',
    );
  throw new ApiError(
    'UNAUTHENTICATED',
    'expected Authorization: Bearer <OPERATOR_SECRET>, got another token or none; this field is for operators',
  );
};
