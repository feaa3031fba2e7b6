import { createHmac, timingSafeEqual } from 'node:crypto';

/** SHA-1 is left out: WebSub knows it, and who could forge it could make us sync. */
const methods: readonly string[] = ['sha256', 'sha384', 'sha512'];

/**
 * Whether `X-Hub-Signature` is the HMAC of a body by a secret (WebSub, section 7.1), compared in constant
 * time. A header of another form or method never is.
 */
export const isSigned = (
  header: unknown,
  secret: string,
  body: Uint8Array,
): boolean => {
  if (typeof header !== 'string') return false;
  const [, method, signature] =
    /^(sha\d{3})=([0-9a-f]{64,128})$/i.exec(header.trim()) ?? [];
  if (method === undefined || signature === undefined) return false;
  const name = method.toLowerCase();
  if (!methods.includes(name)) return false;
  const expected = createHmac(name, secret).update(body).digest();
  const given = Buffer.from(signature, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
};
