export interface Pausable {
  pause(): void;
  resume(): void;
}

/** Chunks between the socket, which gives them when it likes, and the reader, which takes its time. */
export class ChunkQueue {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #paused = false;
  #wake = Promise.withResolvers<void>();

  #socket: Pausable | undefined;

  constructor(readonly limit: number) {}

  /** Names the socket to pause. Chunks may come before it is known. */
  attach(socket: Pausable): void {
    this.#socket = socket;
    if (this.#paused) socket.pause();
  }

  /** Keeps a copy: the driver uses its buffer again. Over the limit the socket is paused. */
  push(chunk: Buffer): void {
    if (this.#ended) return;
    this.#chunks.push(Buffer.from(chunk));
    this.#bytes += chunk.length;
    if (!this.#paused && this.#bytes >= this.limit) {
      this.#paused = true;
      this.#socket?.pause();
    }
    this.#wake.resolve();
  }

  /** No more is taken in and what is left is dropped; `take` returns an empty list from now on. */
  end(): void {
    this.#ended = true;
    this.#chunks = [];
    this.#wake.resolve();
  }

  /** All chunks there are, oldest first; waits for the first one. */
  async take(): Promise<Buffer[]> {
    while (this.#chunks.length === 0 && !this.#ended) {
      this.#wake = Promise.withResolvers();
      await this.#wake.promise;
    }
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    if (this.#paused && !this.#ended) {
      this.#paused = false;
      this.#socket?.resume();
    }
    return chunks;
  }
}
