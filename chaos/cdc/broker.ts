/**
 * The broker of the chaos, in a process of its own: the local Pub/Sub server, and a front that only publishers
 * go through. The front hands each call on at once and answers late, each by a time of its own, so that
 * acknowledgements come in another order than the calls.
 */
import {
  credentials,
  makeGenericClientConstructor,
  Metadata,
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js';

import { startPubSub } from '../../src/pubsub-server/index.ts';

const pass = (bytes: Buffer): Buffer => bytes;

const methods = {
  Publish: {
    path: '/google.pubsub.v1.Publisher/Publish',
    requestStream: false,
    responseStream: false,
    requestSerialize: pass,
    requestDeserialize: pass,
    responseSerialize: pass,
    responseDeserialize: pass,
  },
} as const;

type Publish = (
  request: Buffer,
  metadata: Metadata,
  callback: sendUnaryData<Buffer>,
) => void;

/** Milliseconds: most answers are a little late, some are very late. */
const delayOf = (): number => {
  const luck = Math.random();
  if (luck < 0.4) return 0;
  return Math.random() * (luck < 0.95 ? 100 : 600);
};

const behind = await startPubSub();
const Client = makeGenericClientConstructor(methods, 'Publisher');
const client = new Client(behind.address, credentials.createInsecure(), {
  'grpc.max_send_message_length': -1,
}) as unknown as { Publish: Publish };

const front = new Server({ 'grpc.max_receive_message_length': -1 });
front.addService(methods, {
  Publish: (
    { request }: ServerUnaryCall<Buffer, Buffer>,
    answer: sendUnaryData<Buffer>,
  ) => {
    client.Publish(request, new Metadata(), (error, response) => {
      setTimeout(() => {
        if (error) answer(error);
        else answer(null, response);
      }, delayOf());
    });
  },
});
const port = await new Promise<number>((resolve, reject) => {
  front.bindAsync(
    '127.0.0.1:0',
    ServerCredentials.createInsecure(),
    (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    },
  );
});
process.send?.({ address: behind.address, front: `127.0.0.1:${port}` });
process.on('disconnect', () => {
  front.forceShutdown();
  void behind.stop();
});
