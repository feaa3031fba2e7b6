import { createHmac, timingSafeEqual } from 'node:crypto';

import { checkKey } from './object-key.ts';

/** What a signature is made for: another version of links would have another one. */
const purpose = 'nightshift-object-link-v1';

/** The query of a link. */
export interface LinkQuery {
  /** Seconds since 1970. */
  readonly expires: string;
  /** HMAC-SHA-256 over purpose, key and expiry, in base64url. */
  readonly signature: string;
}

export type LinkVerdict = 'valid' | 'expired' | 'forged';

const digest = (secret: string, key: string, expires: string): Buffer =>
  createHmac('sha256', secret)
    .update(`${purpose}\n${key}\n${expires}`)
    .digest();

/** Signs a key until a time, cut to the second. @throws ObjectKeyError */
export const signLink = (
  secret: string,
  key: string,
  expires: Date,
): LinkQuery => {
  const seconds = String(Math.floor(expires.getTime() / 1_000));
  return {
    expires: seconds,
    signature: digest(secret, checkKey(key), seconds).toString('base64url'),
  };
};

/**
 * Tells whether a link may be followed. Signatures are compared in constant time, and before the expiry
 * is looked at, so that only who once had a link learns that it has expired.
 *
 * @param now milliseconds since 1970. @default Date.now()
 */
export const verifyLink = (
  secret: string,
  key: string,
  { expires, signature }: LinkQuery,
  now: number = Date.now(),
): LinkVerdict => {
  const expected = digest(secret, key, expires);
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    return 'forged';
  return Number(expires) * 1_000 > now ? 'valid' : 'expired';
};
