import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { v1 } from '@google-cloud/pubsub';
import { credentials } from '@grpc/grpc-js';

// Without it every client first looks for a Google metadata server.
process.env.METADATA_SERVER_DETECTION ??= 'none';

/** A server in a process of its own, and clients of it. */
export interface RunningServer {
  readonly pid: number;
  readonly publisher: InstanceType<typeof v1.PublisherClient>;
  readonly subscriber: InstanceType<typeof v1.SubscriberClient>;
  readonly kill: () => Promise<void>;
}

/** Starts a server on a data directory, to be killed. */
export const runServer = async (data: string): Promise<RunningServer> => {
  const child: ChildProcess = fork(
    fileURLToPath(new URL('./server-process.ts', import.meta.url)),
    [data],
    { execArgv: ['--import', 'tsx/esm'] },
  );
  const [port] = (await once(child, 'message')) as [number];
  const options = {
    servicePath: '127.0.0.1',
    port,
    sslCreds: credentials.createInsecure(),
  };
  const publisher = new v1.PublisherClient(options);
  const subscriber = new v1.SubscriberClient(options);
  return {
    pid: child.pid!,
    publisher,
    subscriber,
    kill: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      await Promise.all([publisher.close(), subscriber.close()]);
    },
  };
};
