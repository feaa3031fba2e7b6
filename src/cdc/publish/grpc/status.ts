import {
  errorCode,
  RequestTimeoutError,
  StreamResetError,
} from '../http2/errors.ts';
import type { Headers } from '../http2/header-block.ts';

/** google.rpc.Code */
export const statusCode = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

const names = new Map(
  Object.entries(statusCode).map(([name, code]) => [
    code as number,
    name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(),
  ]),
);

/** A call that failed, and what the server said of it. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';

  /** @param code of google.rpc.Code */
  constructor(
    readonly code: number,
    readonly details: string,
  ) {
    super(`${code} ${names.get(code) ?? 'of gRPC'}: ${details}`);
  }
}

const utf8 = new TextDecoder();

/** The text of `grpc-message`: bytes of UTF-8, of which some stand as `%` and two digits; what is not that stays. */
const decodeMessage = (text: string): string =>
  utf8.decode(
    Buffer.from(
      text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
        String.fromCharCode(parseInt(digits, 16)),
      ),
      'latin1',
    ),
  );

/** What stands for the codes of HTTP that something on the way answers with ("HTTP to gRPC Status Code Mapping"). */
const ofHttp = new Map<string, number>([
  ['400', statusCode.internal],
  ['401', statusCode.unauthenticated],
  ['403', statusCode.permissionDenied],
  ['404', statusCode.unimplemented],
  ['429', statusCode.unavailable],
  ['502', statusCode.unavailable],
  ['503', statusCode.unavailable],
  ['504', statusCode.unavailable],
]);

/** Why a call failed whose answer this is; `undefined` if it did not. */
export const failureIn = (answer: Headers): GrpcError | undefined => {
  const status = answer.get('grpc-status');
  if (status === '0') return undefined;
  if (status !== undefined && /^\d{1,3}$/.test(status))
    return new GrpcError(
      Number(status),
      decodeMessage(answer.get('grpc-message') ?? ''),
    );
  const http = answer.get(':status') ?? 'none';
  return new GrpcError(
    ofHttp.get(http) ?? statusCode.unknown,
    `expected an answer of gRPC, got one with status ${http} of HTTP and none of gRPC`,
  );
};

/** What stands for codes with which HTTP/2 ends a stream ("Errors" of "gRPC over HTTP2"). */
const ofReset = new Map<number, number>([
  [errorCode.refusedStream, statusCode.unavailable],
  [errorCode.cancel, statusCode.cancelled],
  [errorCode.enhanceYourCalm, statusCode.resourceExhausted],
  [errorCode.inadequateSecurity, statusCode.permissionDenied],
]);

/** As what a call failed that had no answer. */
export const failureOf = (error: unknown): GrpcError => {
  if (error instanceof GrpcError) return error;
  const details = error instanceof Error ? error.message : String(error);
  if (error instanceof RequestTimeoutError)
    return new GrpcError(statusCode.deadlineExceeded, details);
  return new GrpcError(
    error instanceof StreamResetError
      ? (ofReset.get(error.code) ?? statusCode.internal)
      : statusCode.unavailable,
    details,
  );
};
