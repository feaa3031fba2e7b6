import { Http2Connection } from '../http2/connection.ts';
import { mostFrameBytes } from '../http2/frames.ts';
import { encodeHeaders } from '../http2/header-block.ts';
import { type Endpoint, openSocket } from './socket.ts';
import { failureIn, failureOf, GrpcError, statusCode } from './status.ts';

/** Headers that say who calls, such as `authorization`. */
type WhoCalls = Readonly<Record<string, string>>;

export interface CallCredentials {
  /** Asked before each call; whoever gives it keeps what it knows. */
  headers(): Promise<WhoCalls>;
  /** Told that a server does not know (UNAUTHENTICATED) whom these headers name; whether others may be given now. */
  refused(headers: WhoCalls): boolean;
}

export interface ChannelOptions extends Endpoint {
  readonly credentials?: CallCredentials | undefined;
  /** Longest time of one call, and before it of its credentials, in milliseconds. @default 30000 */
  readonly timeout?: number;
  /** While calls wait and nothing comes for so long, the server is asked whether it is there, in milliseconds. @default 20000 */
  readonly silence?: number;
  /** How long it may take to answer that, in milliseconds. @default 10000 */
  readonly patience?: number;
}

/** Calls one method with a request in pieces, which are sent from where they are. Rejects with a GrpcError. */
export type Call = (request: readonly Buffer[]) => Promise<void>;

/** Longest time of connecting, in milliseconds. */
const connectTimeout = 10_000;
/** Pauses between attempts to connect, in milliseconds: doubled each time. */
const shortestPause = 100;
const longestPause = 2_000;

const nobody: WhoCalls = {};

/** Whoever gives credentials asks others for them, who may never answer. @throws GrpcError */
const inTime = async <Result>(
  credentials: Promise<Result>,
  timeout: number,
): Promise<Result> => {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      reject(
        new GrpcError(
          statusCode.deadlineExceeded,
          `expected credentials within ${timeout} ms, got none`,
        ),
      ),
    timeout,
  );
  try {
    return await Promise.race([credentials, promise]);
  } finally {
    clearTimeout(timer);
  }
};

/** What precedes a message: not compressed, so many bytes. */
const prefixOf = (request: readonly Buffer[]): Buffer => {
  const prefix = Buffer.allocUnsafe(5);
  prefix[0] = 0;
  prefix.writeUInt32BE(
    request.reduce((sum, { length }) => sum + length, 0),
    1,
  );
  return prefix;
};

/**
 * Makes calls with one request and one answer by gRPC over HTTP/2, and connects when there is something to
 * call, as often as necessary. A call that fails is not repeated, as the caller knows what that would mean; but
 * for one whose credentials are not known any more, and only once.
 */
export class Channel {
  readonly #options: ChannelOptions;
  #connection: Http2Connection | undefined;
  /** With those that only wait for their last answers. */
  readonly #open = new Set<Http2Connection>();
  #connecting: Promise<Http2Connection> | undefined;
  #failed: { readonly error: GrpcError; readonly until: number } | undefined;
  #pause = shortestPause;
  #closed = false;

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  /**
   * @param method with its service: `/google.pubsub.v1.Publisher/Publish`
   * @param metadata names in lower case
   */
  method(method: string, metadata: Readonly<Record<string, string>>): Call {
    const { host, port, tls, credentials, timeout = 30_000 } = this.#options;
    const headers = {
      ':method': 'POST',
      ':scheme': tls ? 'https' : 'http',
      ':path': method,
      ':authority': host.includes(':')
        ? `[${host}]:${port}`
        : `${host}:${port}`,
      te: 'trailers',
      'content-type': 'application/grpc',
      'user-agent': 'nightshift-cdc',
      'grpc-timeout': `${timeout}m`,
      ...metadata,
    };
    let encodedFor: unknown;
    let encoded: Buffer = Buffer.alloc(0);
    const headersFor = (who: WhoCalls): Buffer => {
      const name = Object.values(who).join('\n');
      if (encodedFor !== name) {
        encoded = encodeHeaders(Object.entries({ ...headers, ...who }));
        encodedFor = name;
      }
      if (encoded.length > mostFrameBytes)
        // Sent all the same it would cost the connection, and every call on it.
        throw new GrpcError(
          statusCode.invalidArgument,
          `expected headers of at most ${mostFrameBytes} bytes, got ${encoded.length}`,
        );
      return encoded;
    };
    const callAs = async (
      who: WhoCalls,
      request: readonly Buffer[],
    ): Promise<GrpcError | undefined> => {
      const connection = this.#connection?.usable
        ? this.#connection
        : await this.#connect();
      return failureIn(
        await connection.request(headersFor(who), [
          prefixOf(request),
          ...request,
        ]),
      );
    };
    return async (request) => {
      let failure: GrpcError | undefined;
      try {
        if (credentials) {
          const who = await inTime(credentials.headers(), timeout);
          failure = await callAs(who, request);
          // A token may be taken back before its end. Nothing was done in the name of nobody.
          if (
            failure?.code === statusCode.unauthenticated &&
            credentials.refused(who)
          )
            failure = await callAs(
              await inTime(credentials.headers(), timeout),
              request,
            );
        } else {
          failure = await callAs(nobody, request);
        }
      } catch (error) {
        throw failureOf(error);
      }
      if (failure) throw failure;
    };
  }

  /** Ends calls that are under way; idempotent. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#open) connection.close();
  }

  /** One attempt for all that wait for it; for a while after one that failed, none. */
  #connect(): Promise<Http2Connection> {
    if (this.#closed)
      throw new GrpcError(statusCode.cancelled, 'the channel is closed');
    if (this.#failed && performance.now() < this.#failed.until)
      throw this.#failed.error;
    this.#connecting ??= this.#attempt().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #attempt(): Promise<Http2Connection> {
    const { host, port, timeout = 30_000 } = this.#options;
    try {
      const socket = await openSocket(this.#options, connectTimeout);
      const connection: Http2Connection = new Http2Connection(socket, {
        timeout,
        silence: this.#options.silence ?? 20_000,
        patience: this.#options.patience ?? 10_000,
        onEnded: () => this.#open.delete(connection),
      });
      this.#open.add(connection);
      this.#connection = connection;
      this.#failed = undefined;
      this.#pause = shortestPause;
      if (this.#closed) connection.close();
      return connection;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const failure = new GrpcError(
        statusCode.unavailable,
        `expected to reach ${host}:${port}, but: ${reason}`,
      );
      this.#failed = {
        error: failure,
        until: performance.now() + this.#pause,
      };
      this.#pause = Math.min(longestPause, this.#pause * 2);
      throw failure;
    }
  }
}
