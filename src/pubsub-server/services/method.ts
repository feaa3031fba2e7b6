import {
  type handleUnaryCall,
  type MethodDefinition,
  type ServerUnaryCall,
  status,
} from '@grpc/grpc-js';

import { PubSubError } from '../errors.ts';

interface Codec<T> {
  decode(bytes: Uint8Array): T;
}

interface Encoder<T> {
  encode(message: T): { finish(): Uint8Array };
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The service only serves: nothing here ever decodes a response. */
const noClient = (): never => {
  throw new Error('expected a server-side method only');
};

/**
 * A method whose requests are decoded by a codec and whose answers are bytes: each handler encodes
 * its own, so that messages can pass through as they are.
 */
export const method = <Request>(
  service: 'Publisher' | 'Subscriber',
  name: string,
  request: Codec<Request>,
  stream = false,
): MethodDefinition<Request, Buffer> => ({
  path: `/google.pubsub.v1.${service}/${name}`,
  requestStream: stream,
  responseStream: stream,
  requestSerialize: noClient,
  requestDeserialize: (bytes) => request.decode(bytes),
  responseSerialize: (bytes) => bytes,
  responseDeserialize: noClient,
});

/** A codec that leaves a request as it came. */
export const rawBytes: Codec<Buffer> = {
  decode: (bytes) => bytes as Buffer,
};

export const encode = <T>(codec: Encoder<T>, message: T): Buffer =>
  asBuffer(codec.encode(message).finish());

export const EMPTY = Buffer.alloc(0);

const statusOf = (error: unknown): { code: status; details: string } =>
  error instanceof PubSubError
    ? { code: error.code, details: error.details }
    : error instanceof RangeError
      ? {
          code: status.INVALID_ARGUMENT,
          details: `Request could not be read: ${error.message}.`,
        }
      : {
          code: status.INTERNAL,
          details: error instanceof Error ? error.message : String(error),
        };

/** A unary handler that answers by returning and refuses by throwing a PubSubError. */
export const unary =
  <Request>(
    handle: (
      request: Request,
      call: ServerUnaryCall<Request, Buffer>,
    ) => Buffer | Promise<Buffer>,
  ): handleUnaryCall<Request, Buffer> =>
  (call, callback) => {
    // Called within the turn for synchronous handlers: a promise would cost one for each publish.
    try {
      const answer = handle(call.request, call);
      if (answer instanceof Promise)
        answer.then(
          (bytes) => {
            callback(null, bytes);
          },
          (error: unknown) => {
            callback(statusOf(error));
          },
        );
      else callback(null, answer);
    } catch (error) {
      callback(statusOf(error));
    }
  };
