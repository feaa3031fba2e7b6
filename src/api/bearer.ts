import type { IncomingHttpHeaders } from 'node:http';

import { ApiError } from './errors.ts';
import { bearerToken, sameSecret } from './secrets.ts';

/**
 * Lets in who has the bearer token of some routes, and nobody if it is not set.
 *
 * @param variable the environment's name of the secret.
 * @param what what the secret protects, as the subject of a sentence.
 * @throws ApiError CLOSED if there is no secret, UNAUTHENTICATED for a wrong token or none.
 */
export const requireBearer = (
  { authorization }: IncomingHttpHeaders,
  secret: string | undefined,
  variable: string,
  what: string,
): void => {
  if (!secret)
    throw new ApiError(
      'CLOSED',
      `${what} is closed because ${variable} is not set; ` +
        'set it (16 characters or more) and start the API again',
    );
  const token = bearerToken(authorization);
  if (token === undefined || !sameSecret(token, secret))
    throw new ApiError(
      'UNAUTHENTICATED',
      `expected Authorization: Bearer <${variable}>, got another token or none`,
    );
};
