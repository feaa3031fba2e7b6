import { status } from '@grpc/grpc-js';

import type { PubSubError } from '../errors.ts';

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const httpStatuses: Readonly<Record<status, number>> = {
  [status.OK]: 200,
  [status.CANCELLED]: 499,
  [status.UNKNOWN]: 500,
  [status.INVALID_ARGUMENT]: 400,
  [status.DEADLINE_EXCEEDED]: 504,
  [status.NOT_FOUND]: 404,
  [status.ALREADY_EXISTS]: 409,
  [status.PERMISSION_DENIED]: 403,
  [status.RESOURCE_EXHAUSTED]: 429,
  [status.FAILED_PRECONDITION]: 400,
  [status.ABORTED]: 409,
  [status.OUT_OF_RANGE]: 400,
  [status.UNIMPLEMENTED]: 501,
  [status.INTERNAL]: 500,
  [status.UNAVAILABLE]: 503,
  [status.DATA_LOSS]: 500,
  [status.UNAUTHENTICATED]: 401,
};

export interface RestError {
  readonly httpStatus: number;
  /** https://cloud.google.com/apis/design/errors#http_mapping */
  readonly body: object;
}

/** An error as Google's REST services write it. */
export const restError = ({
  code,
  details,
  errorInfo,
}: PubSubError): RestError => ({
  httpStatus: httpStatuses[code],
  body: {
    error: {
      code: httpStatuses[code],
      message: details,
      status: status[code],
      ...(errorInfo && {
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: errorInfo.reason,
            domain: errorInfo.domain,
            metadata: Object.fromEntries(errorInfo.metadata),
          },
        ],
      }),
    },
  },
});
