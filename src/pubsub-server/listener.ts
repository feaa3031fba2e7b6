import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type RequestListener,
} from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** What every HTTP/2 connection begins with: https://www.rfc-editor.org/rfc/rfc9113#section-3.4 */
const HTTP2_PREFACE = 'PRI * HTTP/2.0';

/** No method of HTTP/1 begins with as much of the preface. */
const TELLING = 'PRI';

/** How long a connection may say nothing at all, in milliseconds; clients of either kind speak first. */
const SILENCE = 30_000;

/** How long an HTTP connection may say nothing, in milliseconds; longer than a pull waits. */
const HTTP_SILENCE = 60_000;

/** When the kernel begins to ask whether the other side is still there, in milliseconds. */
const KEEP_ALIVE = 60_000;

export interface Listener {
  readonly port: number;
  /** How many are open. */
  readonly connections: number;
  /**
   * Takes no more connections, waits for those of gRPC to end of their own accord and for HTTP requests
   * to be answered for up to `grace` milliseconds, and cuts what is left.
   */
  close(grace: number): Promise<void>;
}

/** Reads until a connection has said whether it begins as HTTP/2 does, and gives it back unread. */
const whenItSpeaks = (
  socket: Socket,
  answer: (http2: boolean) => void,
): void => {
  let read = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    read = Buffer.concat([read, chunk]);
    const preface = HTTP2_PREFACE.slice(0, read.length);
    const http2 = read.toString('latin1', 0, preface.length) === preface;
    if (http2 && read.length < TELLING.length) return;
    socket.off('data', onData);
    socket.pause();
    socket.unshift(read);
    answer(http2);
  };
  socket.on('data', onData);
};

/**
 * One port for gRPC and plain HTTP: the first bytes of a connection say which it is.
 *
 * @param silence after which a connection is cut that has not begun to speak gRPC, in milliseconds
 * @throws the error of `listen`, such as EADDRINUSE.
 */
export const listen = async (
  host: string,
  port: number,
  grpc: (socket: Socket) => void,
  http: RequestListener,
  silence = SILENCE,
): Promise<Listener> => {
  let closing = false;
  const sockets = new Set<Socket>();
  /** To be waited for: those of gRPC, and those with an HTTP request that is not answered yet. */
  const busy = new Set<Socket>();
  const httpServer = createHttpServer((request, response) => {
    const { socket } = request;
    busy.add(socket);
    response.once('close', () => {
      busy.delete(socket);
      if (closing) socket.end();
    });
    http(request, response);
  });
  httpServer.timeout = HTTP_SILENCE;
  const options = {
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE,
  };
  const server = createServer(options, (socket) => {
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      busy.delete(socket);
    });
    const drop = (): void => {
      socket.destroy();
    };
    socket.on('error', drop);
    socket.setTimeout(silence, drop);
    whenItSpeaks(socket, (http2) => {
      if (!http2) {
        httpServer.emit('connection', socket);
        socket.resume();
        return;
      }
      socket.setTimeout(0);
      busy.add(socket);
      socket.once('close', () => busy.delete(socket));
      grpc(socket);
    });
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return sockets.size;
    },
    close: async (grace) => {
      closing = true;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) if (!busy.has(socket)) socket.destroy();
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, grace);
      await closed;
      clearTimeout(cut);
    },
  };
};
