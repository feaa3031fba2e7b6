import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect, type Socket } from 'node:net';

import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';

import { Broker } from '../../../src/pubsub-server/broker/broker.ts';
import { iamMethods } from '../../../src/pubsub-server/iam/methods.ts';
import type { Method } from '../../../src/pubsub-server/services/method.ts';
import { publisherMethods } from '../../../src/pubsub-server/services/publisher.ts';
import { schemaMethods } from '../../../src/pubsub-server/services/schema.ts';
import { snapshotMethods } from '../../../src/pubsub-server/services/snapshots.ts';
import { subscriberMethods } from '../../../src/pubsub-server/services/subscriber.ts';
import { ControlledClock } from '../controlled-clock.ts';

const sameBytes = (bytes: Buffer): Buffer => bytes;

/** What a call came to; `details` is empty with OK. */
export interface Outcome {
  readonly code: status;
  readonly details: string;
}

/** Sends requests as bytes, whatever they are. */
export class RawClient {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), {
      'grpc.max_send_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  call(path: string, request: Buffer): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        path,
        sameBytes,
        sameBytes,
        request,
        // A pull of something that is there would wait for messages.
        { deadline: Date.now() + 20_000 },
        (error: ServiceError | null) => {
          resolve({
            code: error?.code ?? status.OK,
            details: error?.details ?? '',
          });
        },
      );
    });
  }

  /** What ends a stream whose first request is this. */
  stream(path: string, request: Buffer): Promise<Outcome> {
    return new Promise((resolve) => {
      const stream = this.#client.makeBidiStreamRequest(
        path,
        sameBytes,
        sameBytes,
      );
      stream.on('data', () => undefined);
      stream.on('error', () => undefined);
      stream.on('status', ({ code, details }) => {
        resolve({ code, details });
      });
      stream.write(request);
      stream.end();
    });
  }

  close(): void {
    this.#client.close();
  }
}

/** Every unary method of the server. */
export const allMethods = (): readonly Method[] => {
  const broker = new Broker(new ControlledClock());
  return [
    ...publisherMethods(broker),
    ...subscriberMethods(broker),
    ...snapshotMethods(broker),
    ...schemaMethods,
    ...iamMethods(broker),
  ];
};

export const pathOf = ({ service, name }: Method): string =>
  `/${service}/${name}`;

/** A message as gRPC frames it: a byte that says whether it is compressed, and its length. */
export const frame = (
  body: Uint8Array,
  length = body.length,
  flag = 0,
): Buffer => {
  const framed = Buffer.alloc(5 + body.length);
  framed[0] = flag;
  framed.writeUInt32BE(length, 1);
  framed.set(body, 5);
  return framed;
};

export const openSession = async (
  address: string,
): Promise<ClientHttp2Session> => {
  const session = connectHttp2(`http://${address}`);
  session.on('error', () => undefined);
  await once(session, 'connect');
  return session;
};

/** A gRPC call of which a test writes and reads the bytes. */
export const openCall = (
  session: ClientHttp2Session,
  path: string,
  headers = {},
) => {
  const call = session.request({
    ':path': path,
    ':method': 'POST',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  call.on('error', () => undefined);
  return call;
};

/** The status of a raw call once it is over; undefined if it was reset without one. */
export const grpcStatus = (
  call: ReturnType<typeof openCall>,
): Promise<number | undefined> =>
  new Promise((resolve) => {
    let code: unknown;
    const note = (headers: Record<string, unknown>): void => {
      code ??= headers['grpc-status'];
    };
    call.on('response', note);
    call.on('trailers', note);
    call.on('close', () => {
      resolve(code === undefined ? undefined : Number(code));
    });
    call.resume();
  });

/** A plain connection, once it is there. */
export const openSocket = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
};
