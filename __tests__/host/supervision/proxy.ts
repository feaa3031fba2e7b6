import { once } from 'node:events';
import {
  type AddressInfo,
  connect,
  createServer,
  type Server,
  type Socket,
} from 'node:net';

/** Stands between a client and a server, and does what networks do. */
export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #frozen = new Set<Socket>();
  #target: number;
  #refusing = false;
  #onSwallowed: (() => void) | undefined;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
  }

  static async to(target: number): Promise<Proxy> {
    const server = createServer();
    const proxy = new Proxy(server, target);
    server.on('connection', (socket) => proxy.#accept(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends every connection; new ones are refused until `restore`. */
  cut(): void {
    this.#refusing = true;
    this.#endAll();
  }

  restore(): void {
    this.#refusing = false;
  }

  /** Ends every connection; new ones go to another server. */
  redirect(target: number): void {
    this.#target = target;
    this.#endAll();
  }

  /** What is open stays open, but what is sent there is swallowed; new connections work. */
  freeze(): void {
    for (const socket of this.#sockets) {
      socket.unpipe().resume();
      this.#frozen.add(socket);
    }
    this.#sockets.clear();
  }

  /**
   * A black hole: connections are taken and stay open, and whatever is sent is swallowed. Resolves when somebody
   * has said something that nobody will answer.
   */
  async silence(): Promise<void> {
    const said = Promise.withResolvers<void>();
    this.#onSwallowed = said.resolve;
    this.freeze();
    for (const socket of this.#frozen) socket.once('data', said.resolve);
    await said.promise;
  }

  async close(): Promise<void> {
    this.#endAll();
    for (const socket of this.#frozen) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #endAll(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  #accept(socket: Socket): void {
    if (this.#refusing) {
      socket.destroy();
      return;
    }
    if (this.#onSwallowed) {
      socket.on('error', () => undefined).once('data', this.#onSwallowed);
      this.#frozen.add(socket.resume());
      return;
    }
    const other = connect(this.#target, '127.0.0.1');
    for (const [end, opposite] of [
      [socket, other],
      [other, socket],
    ] as const) {
      this.#sockets.add(end);
      // Its end shows at the other side.
      end.on('error', () => undefined);
      end.on('close', () => {
        this.#sockets.delete(end);
        opposite.destroy();
      });
    }
    socket.pipe(other).pipe(socket);
  }
}
