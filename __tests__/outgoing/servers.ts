import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  onConnection(listener: () => void): void;
}

const listen = async (server: Server, host: string): Promise<TestServer> => {
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    onConnection: (listener) => void server.on('connection', listener),
    url: `http://${host}:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
};

/** A web server of this machine. */
export const serve = (
  listener: RequestListener,
  host = '127.0.0.1',
): Promise<TestServer> => listen(createServer(listener), host);
