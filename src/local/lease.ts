import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';

import {
  receive,
  send,
  type StackMessage,
  stackMessage,
} from './lease-protocol.ts';
import type { StackState } from './stack-state.ts';

export interface LesseeInfo {
  readonly role: string;
  readonly url?: string | undefined;
}

/** The stack could not do what a lessee needs; its log says more. */
export class StackFailedError extends Error {
  override readonly name = 'StackFailedError';
}

/**
 * Longest wait for the stack's port to answer, and for the word of what listens there, in milliseconds. A
 * stack that is only slow must not be taken for none: a second one would fail on the first one's lock.
 */
const WELCOME_TIMEOUT = 15_000;

/** Longest wait for the stack to stop, in milliseconds. */
const STOP_TIMEOUT = 30_000;

/** A hold on the running stack, until `release()` or the end of this process. */
export class Lease extends EventEmitter<{ lost: []; message: [StackMessage] }> {
  readonly #socket: Socket;
  #lessees: readonly LesseeInfo[] = [];
  #released = false;

  private constructor(socket: Socket) {
    super();
    this.#socket = socket;
    receive(socket, stackMessage, (message) => {
      if (message.type === 'lessees') this.#lessees = message.lessees;
      this.emit('message', message);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (!this.#released) this.emit('lost');
    });
  }

  /** @returns `undefined` if no stack answers there: what the state says is stale. */
  static async take(
    state: StackState,
    role: string,
  ): Promise<Lease | undefined> {
    const socket = connect(state.leasePort, '127.0.0.1');
    try {
      await once(socket, 'connect', {
        signal: AbortSignal.timeout(WELCOME_TIMEOUT),
      });
    } catch {
      socket.destroy();
      return undefined;
    }
    const lease = new Lease(socket);
    const welcomed = lease.#answer('welcome').catch(() => false);
    // Another program may have the port by now, and be silent.
    socket.setTimeout(WELCOME_TIMEOUT, () => socket.destroy());
    send(socket, { type: 'hello', token: state.token, role });
    if (await welcomed) {
      socket.setTimeout(0);
      return lease;
    }
    socket.destroy();
    return undefined;
  }

  /** Everybody who holds a lease on the same stack, this one included. */
  get lessees(): readonly LesseeInfo[] {
    return this.#lessees;
  }

  /** Resolves when changes flow to Pub/Sub. @throws StackFailedError if they cannot. */
  async stream(): Promise<void> {
    const streaming = this.#answer('streaming');
    send(this.#socket, { type: 'stream' });
    await streaming;
  }

  /**
   * Stops the stack's streamer until this lease ends. Resolves when the slot is free.
   *
   * @throws StackFailedError if another lessee has done so already.
   */
  async takeOver(): Promise<void> {
    const handedOver = this.#answer('handed-over');
    send(this.#socket, { type: 'take-over' });
    await handedOver;
  }

  /** Tells other lessees where this one can be reached. */
  announce(url: string): void {
    send(this.#socket, { type: 'announce', url });
  }

  /** Gives it back. Resolves at once if others use the stack, else when that has stopped. */
  async release(): Promise<void> {
    this.#released = true;
    if (this.#socket.destroyed) return;
    const closed = once(this.#socket, 'close', {
      signal: AbortSignal.timeout(STOP_TIMEOUT),
    });
    send(this.#socket, { type: 'goodbye' });
    await closed.catch(() => undefined);
    this.#socket.destroy();
  }

  #answer(type: StackMessage['type']): Promise<true> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        this.off('message', onMessage).off('lost', onLost);
        if (error) reject(error);
        else resolve(true);
      };
      const onMessage = (message: StackMessage): void => {
        if (message.type === type) settle();
        else if (message.type === 'failed' || message.type === 'refused')
          settle(new StackFailedError(message.reason));
      };
      const onLost = (): void =>
        settle(new StackFailedError('the local stack ended'));
      this.on('message', onMessage).on('lost', onLost);
    });
  }
}
