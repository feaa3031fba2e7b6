import { varintSize, writeVarint } from './writer.ts';

/** google.rpc.ErrorInfo: https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto */
export interface ErrorInfo {
  readonly reason: string;
  readonly domain: string;
  readonly metadata: readonly (readonly [name: string, value: string])[];
}

const ERROR_INFO_TYPE = 'type.googleapis.com/google.rpc.ErrorInfo';

const lengthDelimited = (field: number, content: Buffer | string): Buffer => {
  const bytes = Buffer.from(content);
  const encoded = Buffer.allocUnsafe(
    1 + varintSize(bytes.length) + bytes.length,
  );
  encoded[0] = (field << 3) | 2;
  bytes.copy(encoded, writeVarint(encoded, 1, bytes.length));
  return encoded;
};

const encodeErrorInfo = ({ reason, domain, metadata }: ErrorInfo): Buffer =>
  Buffer.concat([
    lengthDelimited(1, reason),
    lengthDelimited(2, domain),
    ...metadata.map(([name, value]) =>
      lengthDelimited(
        3,
        Buffer.concat([lengthDelimited(1, name), lengthDelimited(2, value)]),
      ),
    ),
  ]);

/** A google.rpc.Status with one detail, as the trailer `grpc-status-details-bin` carries it. */
export const encodeErrorStatus = (
  code: number,
  message: string,
  errorInfo: ErrorInfo,
): Buffer =>
  Buffer.concat([
    Buffer.from([1 << 3, code]),
    lengthDelimited(2, message),
    lengthDelimited(
      3,
      Buffer.concat([
        lengthDelimited(1, ERROR_INFO_TYPE),
        lengthDelimited(2, encodeErrorInfo(errorInfo)),
      ]),
    ),
  ]);
