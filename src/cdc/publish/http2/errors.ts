/** Codes of RFC 9113, section 7, that we send or tell apart. */
export const errorCode = {
  none: 0x0,
  protocol: 0x1,
  flowControl: 0x3,
  frameSize: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compression: 0x9,
  enhanceYourCalm: 0xb,
  inadequateSecurity: 0xc,
} as const;

/** The peer does not speak HTTP/2 as it has to; the connection is of no use any more. */
export class Http2ProtocolError extends Error {
  override readonly name = 'Http2ProtocolError';

  /** @param code of RFC 9113, which the peer is told. */
  constructor(
    message: string,
    readonly code: number = errorCode.protocol,
  ) {
    super(message);
  }
}

/** The connection ended, or takes nothing more, before there was an answer. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}

/** The peer ended one stream without an answer. */
export class StreamResetError extends Error {
  override readonly name = 'StreamResetError';

  /** @param code of RFC 9113. */
  constructor(readonly code: number) {
    super(
      `expected an answer, but the stream was reset with code ${code} of HTTP/2`,
    );
  }
}

/** No answer in the time that a request is given. */
export class RequestTimeoutError extends Error {
  override readonly name = 'RequestTimeoutError';

  /** @param timeout milliseconds */
  constructor(readonly timeout: number) {
    super(`expected an answer within ${timeout} ms, got none`);
  }
}
