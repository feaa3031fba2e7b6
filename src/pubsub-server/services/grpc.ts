import {
  type handleUnaryCall,
  type MethodDefinition,
  type Server,
  type ServerUnaryCall,
  status,
} from '@grpc/grpc-js';

import { PubSubError } from '../errors.ts';
import type { CallContext, Method } from './method.ts';

/** The service only serves: nothing here ever decodes a response. */
const noClient = (): never => {
  throw new Error('expected a server-side method only');
};

const sameBytes = (bytes: Buffer): Buffer => bytes;

/** A method whose requests and responses stay bytes; handlers read and write them. */
export const byteMethod = (
  service: string,
  name: string,
  stream = false,
): MethodDefinition<Buffer, Buffer> => ({
  path: `/${service}/${name}`,
  requestStream: stream,
  responseStream: stream,
  requestSerialize: noClient,
  requestDeserialize: sameBytes,
  responseSerialize: sameBytes,
  responseDeserialize: noClient,
});

/** The refusal that an error is to its caller; what nobody expected is INTERNAL. */
export const refusalOf = (error: unknown): PubSubError =>
  error instanceof PubSubError
    ? error
    : error instanceof RangeError
      ? new PubSubError(
          status.INVALID_ARGUMENT,
          `Request could not be read: ${error.message}.`,
        )
      : new PubSubError(
          status.INTERNAL,
          error instanceof Error ? error.message : String(error),
        );

/** The abort signal is made only for those who ask: most calls are over within their turn. */
class GrpcContext implements CallContext {
  readonly #call: ServerUnaryCall<Buffer, Buffer>;

  constructor(call: ServerUnaryCall<Buffer, Buffer>) {
    this.#call = call;
  }

  get signal(): AbortSignal {
    const controller = new AbortController();
    this.#call.on('cancelled', () => {
      controller.abort();
    });
    return controller.signal;
  }
}

const unary =
  (method: Method): handleUnaryCall<Buffer, Buffer> =>
  (call, callback) => {
    const refuse = (error: unknown): void => {
      callback(refusalOf(error).toStatus());
    };
    // Called within the turn for synchronous methods: a promise would cost one for each publish.
    try {
      const answer = method.answer(call.request, new GrpcContext(call));
      if (answer instanceof Promise)
        answer.then((bytes) => {
          callback(null, bytes);
        }, refuse);
      else callback(null, answer);
    } catch (error) {
      refuse(error);
    }
  };

/** Serves methods of one or several services. */
export const addMethods = (
  server: Server,
  methods: readonly Method[],
): void => {
  for (const [, ofService] of Map.groupBy(methods, ({ service }) => service))
    server.addService(
      Object.fromEntries(
        ofService.map(({ service, name }) => [name, byteMethod(service, name)]),
      ),
      Object.fromEntries(
        ofService.map((method) => [method.name, unary(method)]),
      ),
    );
};
