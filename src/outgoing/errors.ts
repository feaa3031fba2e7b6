/** Why a request was not made. */
export type ForbiddenReason =
  'not-a-url' | 'scheme' | 'credentials' | 'private-address';

const remedies: Readonly<Record<ForbiddenReason, string>> = {
  'not-a-url': 'give a whole address, such as https://example.com/path',
  scheme: 'give an address that begins with https:// or http://',
  credentials: 'take name and password out of the address',
  'private-address':
    'give an address on the public internet; in development OUTGOING_ALLOW_PRIVATE=true allows private ones',
};

/**
 * A request, or a redirect that it met, leads where requests must not go. Nothing was sent there. The same
 * address fails again, unless its name is given a public address.
 */
export class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError';

  constructor(
    readonly reason: ForbiddenReason,
    /** The host or address that was refused; of an address with credentials only its host. */
    readonly target: string,
  ) {
    super(
      `expected an address that may be reached, got: ${target} (${reason}); ${remedies[reason]}`,
    );
  }
}

/** A server sent more than the caller takes. The rest was not read. */
export class ResponseTooLargeError extends Error {
  override readonly name = 'ResponseTooLargeError';

  constructor(
    readonly origin: string,
    readonly maxBytes: number,
  ) {
    super(
      `expected at most ${maxBytes} bytes from ${origin}, got more; raise maxBytes if that is too few`,
    );
  }
}

/** Redirects did not come to an end within the limit. */
export class TooManyRedirectsError extends Error {
  override readonly name = 'TooManyRedirectsError';

  constructor(
    readonly origin: string,
    readonly maxRedirects: number,
  ) {
    super(
      `expected at most ${maxRedirects} redirects, got one more from ${origin}; give the address at their end`,
    );
  }
}

/** A server took too long: for all of it, or between two parts of its answer. Trying again may help. */
export class ResponseTimeoutError extends Error {
  override readonly name = 'ResponseTimeoutError';

  constructor(
    readonly origin: string,
    readonly exceeded: 'total' | 'idle',
    readonly seconds: number,
  ) {
    super(
      exceeded === 'total'
        ? `expected the whole answer of ${origin} within ${seconds} s; it is slow or hangs`
        : `expected ${origin} to go on within ${seconds} s, but nothing came`,
    );
  }
}

/** No connection, or one that broke: DNS, TCP, TLS or HTTP failed. Trying again may help. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';

  constructor(
    readonly origin: string,
    /** Such as ENOTFOUND, ECONNREFUSED or UND_ERR_SOCKET. */
    readonly code: string,
    cause: Error,
  ) {
    super(`expected an answer from ${origin}, got: ${code}`, { cause });
  }
}

/** An answer came with a `content-encoding` that it does not have, or that nobody asked for. */
export class UnreadableResponseError extends Error {
  override readonly name = 'UnreadableResponseError';

  constructor(
    readonly origin: string,
    readonly encoding: string,
    options?: ErrorOptions,
  ) {
    super(
      `expected a body in gzip, deflate, br or no encoding from ${origin}, got one that cannot be read as ${JSON.stringify(encoding)}`,
      options,
    );
  }
}
