import { timingSafeEqual } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

import { lesseeMessage, receive, send, visitor } from './lease-protocol.ts';

interface Lessee {
  readonly role: string;
  url?: string;
}

export interface LeaseDeskOptions {
  /** What a lessee has to know. */
  readonly token: string;
  /** Milliseconds without a lessee after which the stack is not needed any more. */
  readonly idleMilliseconds: number;
  /** Starts streaming, once; called for every lessee that asks. */
  readonly stream: () => Promise<void>;
  /** Leaves streaming to a lessee: stops it, and starts none before `takeBack`. */
  readonly handOver: () => Promise<void>;
  /** That lessee has left. */
  readonly takeBack: () => void;
}

/** Longest silence of a connection that has not said who it is, in milliseconds. */
const HELLO_TIMEOUT = 15_000;

const sameToken = (given: string, token: string): boolean => {
  const [left, right] = [Buffer.from(given), Buffer.from(token)];
  return left.length === right.length && timingSafeEqual(left, right);
};

/**
 * Gives out leases on the stack; emits `idle` when the last lessee has said goodbye, or when the
 * last one was cut off and nobody has taken its place for a while.
 */
export class LeaseDesk extends EventEmitter<{ idle: [] }> {
  readonly #options: LeaseDeskOptions;
  readonly #lessees = new Map<Socket, Lessee>();
  /** Those of lessees, and of who has not said who it is or was refused; not that of the last one, who has left. */
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#accept(socket));
  #idleTimer: NodeJS.Timeout | undefined;
  /** Who streams in the place of the stack. */
  #streaming: Socket | undefined;

  constructor(options: LeaseDeskOptions) {
    super();
    this.#options = options;
  }

  /** @returns the port on 127.0.0.1. */
  async open(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#watchIdle();
    return (this.#server.address() as AddressInfo).port;
  }

  /** Gives out no more leases and ends those there are: the stack stops. */
  close(): void {
    clearTimeout(this.#idleTimer);
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const silence = setTimeout(() => socket.destroy(), HELLO_TIMEOUT);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(silence);
      this.#sockets.delete(socket);
      this.#takeBack(socket);
      if (!this.#lessees.delete(socket)) return;
      this.#tellLessees();
      this.#watchIdle();
    });
    receive(socket, lesseeMessage, (message) => {
      const lessee = this.#lessees.get(socket);
      if (message.type === 'hello') {
        if (!sameToken(message.token, this.#options.token)) {
          send(socket, { type: 'refused', reason: 'wrong token' });
          socket.end();
          return;
        }
        clearTimeout(silence);
        clearTimeout(this.#idleTimer);
        this.#lessees.set(socket, { role: message.role });
        // Who is welcomed knows already who else is there.
        this.#tellLessees();
        send(socket, { type: 'welcome' });
      } else if (lessee === undefined) socket.destroy();
      else if (message.type === 'announce') {
        lessee.url = message.url;
        this.#tellLessees();
      } else if (message.type === 'goodbye') this.#leave(socket);
      else if (message.type === 'take-over') void this.#handOver(socket);
      else void this.#stream(socket);
    });
  }

  #takeBack(socket: Socket): void {
    if (this.#streaming !== socket) return;
    this.#streaming = undefined;
    this.#options.takeBack();
  }

  async #handOver(socket: Socket): Promise<void> {
    if (this.#streaming) {
      send(socket, {
        type: 'failed',
        reason: 'expected the streamer to stream, but another process does',
      });
      return;
    }
    this.#streaming = socket;
    try {
      await this.#options.handOver();
      send(socket, { type: 'handed-over' });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      send(socket, { type: 'failed', reason });
      this.#takeBack(socket);
    }
  }

  #leave(socket: Socket): void {
    const role = this.#lessees.get(socket)?.role;
    this.#lessees.delete(socket);
    this.#tellLessees();
    if (this.#lessees.size === 0 && role !== visitor) {
      // It waits for the end of this process, which alone hangs up on it.
      this.#sockets.delete(socket);
      this.emit('idle');
      return;
    }
    this.#takeBack(socket);
    socket.end();
    this.#watchIdle();
  }

  async #stream(socket: Socket): Promise<void> {
    try {
      await this.#options.stream();
      send(socket, { type: 'streaming' });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      send(socket, { type: 'failed', reason });
    }
  }

  #tellLessees(): void {
    const lessees = [...this.#lessees.values()];
    for (const socket of this.#lessees.keys())
      send(socket, { type: 'lessees', lessees });
  }

  #watchIdle(): void {
    clearTimeout(this.#idleTimer);
    if (this.#lessees.size > 0) return;
    this.#idleTimer = setTimeout(
      () => this.emit('idle'),
      this.#options.idleMilliseconds,
    );
  }
}
