import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { ServiceDefinition } from '@grpc/grpc-js';

const bytes = (value: Buffer): Buffer => value;

const definition: ServiceDefinition = {
  streamingPull: {
    path: '/google.pubsub.v1.Subscriber/StreamingPull',
    requestStream: true,
    responseStream: true,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
};

/** A server that lets nobody pull, as the service does who took a right away. */
export const startDenier = async (): Promise<{
  readonly port: number;
  stop(): void;
}> => {
  const server = new Server();
  server.addService(definition, {
    streamingPull: (call: { emit(event: 'error', error: object): void }) => {
      call.emit('error', {
        code: status.PERMISSION_DENIED,
        details: 'User not authorized to perform this action.',
      });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(
      '127.0.0.1:0',
      ServerCredentials.createInsecure(),
      (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      },
    );
  });
  return {
    port,
    stop: () => {
      server.forceShutdown();
    },
  };
};
