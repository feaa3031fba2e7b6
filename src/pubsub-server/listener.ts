import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type RequestListener,
} from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** What every HTTP/2 connection begins with: https://www.rfc-editor.org/rfc/rfc9113#section-3.4 */
const HTTP2_PREFACE = 'PRI * HTTP/2.0';

export interface Listener {
  readonly port: number;
  /**
   * Takes no more connections, waits for those of gRPC to end of their own accord for up to
   * `grace` milliseconds, and cuts what is left.
   */
  close(grace: number): Promise<void>;
}

/**
 * One port for gRPC and plain HTTP: the first bytes of a connection say which it is.
 *
 * @throws the error of `listen`, such as EADDRINUSE.
 */
export const listen = async (
  host: string,
  port: number,
  grpc: (socket: Socket) => void,
  http: RequestListener,
): Promise<Listener> => {
  const httpServer = createHttpServer(http);
  const sockets = new Set<Socket>();
  const grpcSockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const dropBroken = (): void => {
      socket.destroy();
    };
    socket.on('error', dropBroken);
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      const preface = HTTP2_PREFACE.slice(0, first.length);
      if (first.toString('latin1', 0, preface.length) !== preface) {
        httpServer.emit('connection', socket);
        socket.resume();
        return;
      }
      grpcSockets.add(socket);
      socket.once('close', () => grpcSockets.delete(socket));
      grpc(socket);
    });
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async (grace) => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets)
        if (!grpcSockets.has(socket)) socket.destroy();
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, grace);
      await closed;
      clearTimeout(cut);
    },
  };
};
