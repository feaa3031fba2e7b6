import { createHash, timingSafeEqual } from 'node:crypto';

/** Digests have one length, so that a comparison tells nothing of the secret, not even its length. */
export const digestOf = (text: string): Buffer =>
  createHash('sha256').update(text).digest();

/** Compares in constant time. */
export const sameSecret = (given: string, secret: string): boolean =>
  timingSafeEqual(digestOf(given), digestOf(secret));

/** The token of `Authorization: Bearer …`. */
export const bearerToken = (
  authorization: string | undefined,
): string | undefined => /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
