import type { IncomingHttpHeaders } from 'node:http';

import { sameSecret } from '../caller.ts';
import { ApiError } from '../errors.ts';

/**
 * Lets operators in, by the bearer token that is theirs alone.
 *
 * @throws ApiError CLOSED if there is no secret, UNAUTHENTICATED for a wrong token or none.
 */
export const requireOperator = (
  { authorization }: IncomingHttpHeaders,
  secret: string | undefined,
): void => {
  if (!secret)
    throw new ApiError(
      'CLOSED',
      'what operators see and do is closed because OPERATOR_SECRET is not set; ' +
        'set it (16 characters or more) and start the API again',
    );
  const [, token] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? [];
  if (token === undefined || !sameSecret(token, secret))
    throw new ApiError(
      'UNAUTHENTICATED',
      'expected Authorization: Bearer <OPERATOR_SECRET>, got another token or none',
    );
};
