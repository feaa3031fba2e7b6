import type { IncomingHttpHeaders } from 'node:http';

import { validate } from 'uuid';

import type { OperatorRight } from '../config.ts';
import { ApiError } from './errors.ts';
import {
  findOperator,
  type OperatorAccess,
  type OperatorCaller,
  refuseOperator,
  requireRight,
} from './operator/access.ts';
import { bearerToken, sameSecret } from './secrets.ts';

/**
 * Who sends a request. The gateway in front of the API authenticates people, proves itself by the
 * secret and names the person in `x-user-id`. Operators have tokens of their own.
 * - `anonymous`: no token; may read public data
 * - `gateway`: its token; `viewerId` is the person, if one is signed in
 * - `operator`: the token of an operator, with what they may do
 * - `closed`: the API has no secret of the gateway, so that no token of the gateway can be right
 */
export type Caller =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'gateway'; readonly viewerId: string | undefined }
  | OperatorCaller;

/** The caller, if an operator. */
export const operatorOf = (caller: Caller): OperatorCaller | undefined =>
  caller.kind === 'operator' ? caller : undefined;

export type Credentials = Pick<IncomingHttpHeaders, 'authorization'> & {
  readonly 'x-operator'?: unknown;
  readonly 'x-user-id'?: unknown;
};

/** What callers prove themselves by; what is `undefined` proves nobody. */
export interface CallerSecrets extends OperatorAccess {
  readonly apiSecret: string | undefined;
}

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
  { apiSecret, ...access }: CallerSecrets,
): Caller => {
  const { authorization } = credentials;
  const token = bearerToken(authorization);
  if (apiSecret && token !== undefined && sameSecret(token, apiSecret))
    return { kind: 'gateway', viewerId: viewerId(credentials['x-user-id']) };
  const operator =
    token === undefined
      ? undefined
      : findOperator(token, credentials['x-operator'], access);
  if (operator) return operator;
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

/** @throws ApiError CLOSED, UNAUTHENTICATED or FORBIDDEN unless the caller is an operator with the right. */
export const requireOperator = (
  caller: Caller,
  access: OperatorAccess,
  right: OperatorRight | readonly OperatorRight[],
): OperatorCaller => {
  if (caller.kind !== 'operator') return refuseOperator(access);
  requireRight(caller, right);
  return caller;
};
