import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** SHA-1 is left out: whoever forges it could make us sync. */
const methods: readonly string[] = ['sha256', 'sha384', 'sha512'];

/** A body that was read. */
export interface ReadNotice {
  /** Tells this body from others, in hexadecimal. */
  readonly digest: string;
  /** Whether the signature that came along is the body's. */
  readonly isSigned: boolean;
}

/** The body went on beyond the limit. */
export class NoticeTooLargeError extends Error {
  override readonly name = 'NoticeTooLargeError';

  constructor(readonly maximumBytes: number) {
    super(`expected a notice of at most ${maximumBytes} bytes, got more`);
  }
}

const parsed = (
  header: unknown,
): { readonly method: string; readonly signature: Buffer } | undefined => {
  if (typeof header !== 'string') return undefined;
  const [, method = '', signature = ''] =
    /^(sha\d{3})=([0-9a-f]{64,128})$/i.exec(header.trim()) ?? [];
  const name = method.toLowerCase();
  return methods.includes(name)
    ? { method: name, signature: Buffer.from(signature, 'hex') }
    : undefined;
};

/**
 * Reads a notice as it comes, keeping nothing of it, and says whether `X-Hub-Signature` is the HMAC of its
 * bytes by the secret (WebSub, section 7.1), compared in constant time. A header of another form or method
 * never is.
 *
 * @throws NoticeTooLargeError as soon as more came
 */
export const readNotice = async (
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  header: unknown,
  secret: string,
  maximumBytes: number,
): Promise<ReadNotice> => {
  const given = parsed(header);
  const hmac = given && createHmac(given.method, secret);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const part of body) {
    bytes += part.length;
    if (bytes > maximumBytes) throw new NoticeTooLargeError(maximumBytes);
    hmac?.update(part);
    hash.update(part);
  }
  const expected = hmac?.digest();
  return {
    digest: hash.digest('hex'),
    isSigned:
      expected !== undefined &&
      given?.signature.length === expected.length &&
      timingSafeEqual(given.signature, expected),
  };
};
