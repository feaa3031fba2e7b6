import { invalidArgument, type PubSubError } from '../errors.ts';

/** What a method may want to know of the call beside its request. */
export interface CallContext {
  /** Aborts when the caller has gone away. */
  readonly signal: AbortSignal;
}

/** One method of a service, whatever carries its calls: bytes in, bytes out. */
export interface Method {
  /** Full name, such as google.pubsub.v1.Publisher. */
  readonly service: string;
  readonly name: string;
  /** Whether a success leaves something changed, which has to be durable before it is answered. */
  readonly changes: boolean;
  /**
   * @param request encoded in Protobuf
   * @returns the encoded response
   * @throws PubSubError; RangeError for a request that cannot be read
   */
  answer(request: Buffer, context: CallContext): Buffer | Promise<Buffer>;
}

interface Codec<T> {
  decode(bytes: Uint8Array): T;
}

interface Encoder<T> {
  encode(message: T): { finish(): Uint8Array };
}

type Handle<Request> = (
  request: Request,
  context: CallContext,
) => Buffer | Promise<Buffer>;

type DefineMethod = <Request>(
  name: string,
  request: Codec<Request>,
  handle: Handle<Request>,
) => Method;

/** Defines the methods of one service. */
export interface ServiceBuilder {
  readonly reads: DefineMethod;
  readonly changes: DefineMethod;
  /** What this server does not do and says so. */
  readonly refuses: (name: string, reason: () => PubSubError) => Method;
}

/**
 * Whatever a codec throws says that the request makes no sense, not that the server is at fault.
 *
 * @throws PubSubError INVALID_ARGUMENT
 */
export const decodeRequest = <Request>(
  codec: Codec<Request>,
  bytes: Buffer,
): Request => {
  try {
    return codec.decode(bytes);
  } catch (error) {
    throw invalidArgument(
      `Request could not be read: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
};

/** @param service full name, such as google.pubsub.v1.Publisher */
export const serviceBuilder = (service: string): ServiceBuilder => {
  const define = <Request>(
    name: string,
    changes: boolean,
    codec: Codec<Request>,
    handle: Handle<Request>,
  ): Method => ({
    service,
    name,
    changes,
    answer: (request, context) =>
      handle(decodeRequest(codec, request), context),
  });
  return {
    reads: (name, codec, handle) => define(name, false, codec, handle),
    changes: (name, codec, handle) => define(name, true, codec, handle),
    refuses: (name, reason) =>
      define(name, false, rawBytes, () => {
        throw reason();
      }),
  };
};

/** A codec that leaves a request as it came. */
export const rawBytes: Codec<Buffer> = {
  decode: (bytes) => bytes as Buffer,
};

/** A response by its codec. */
export const encode = <T>(codec: Encoder<T>, message: T): Buffer => {
  const bytes = codec.encode(message).finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};

/** The encoded google.protobuf.Empty. */
export const EMPTY = Buffer.alloc(0);
