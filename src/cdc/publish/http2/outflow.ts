import { errorCode, Http2ProtocolError } from './errors.ts';
import { flag, frameHead, frameType, mostFrameBytes } from './frames.ts';

/** A body in pieces, which are sent as they are and never copied. */
class OutgoingBody {
  readonly #pieces: readonly Buffer[];
  #piece = 0;
  #offset = 0;
  left: number;
  /** Bytes that the peer takes of it at present; below 0 after it made its windows smaller. */
  window: number;

  constructor(
    readonly stream: number,
    pieces: readonly Buffer[],
    window: number,
  ) {
    this.#pieces = pieces;
    this.left = pieces.reduce((sum, { length }) => sum + length, 0);
    this.window = window;
  }

  /** Takes the next bytes, as many as there are said to be. */
  take(bytes: number, write: (piece: Buffer) => void): void {
    this.left -= bytes;
    this.window -= bytes;
    let missing = bytes;
    while (missing > 0) {
      const piece = this.#pieces[this.#piece]!;
      const end = Math.min(piece.length, this.#offset + missing);
      missing -= end - this.#offset;
      if (end > this.#offset)
        write(
          this.#offset === 0 && end === piece.length
            ? piece
            : piece.subarray(this.#offset, end),
        );
      if (end === piece.length) {
        this.#piece += 1;
        this.#offset = 0;
      } else this.#offset = end;
    }
  }
}

/** Of a stream or a connection, until the peer says otherwise. */
const defaultWindow = 65_535;
const largestWindow = 0x7fff_ffff;

const tooLarge = () =>
  new Http2ProtocolError(
    `expected a window of at most ${largestWindow} bytes`,
    errorCode.flowControl,
  );

/** Sends bodies, oldest first, as far as the peer's windows are open. */
export class Outflow {
  readonly #write: (bytes: Buffer) => void;
  readonly #waiting = new Map<number, OutgoingBody>();
  #window = defaultWindow;
  #initial = defaultWindow;

  constructor(write: (bytes: Buffer) => void) {
    this.#write = write;
  }

  send(stream: number, pieces: readonly Buffer[]): void {
    const body = new OutgoingBody(stream, pieces, this.#initial);
    this.#waiting.set(stream, body);
    this.#sendOf(body);
  }

  /** @returns whether some of it had not been sent. */
  drop(stream: number): boolean {
    return this.#waiting.delete(stream);
  }

  /** The peer takes more: of one stream, or, with 0, of all together. @throws Http2ProtocolError */
  open(stream: number, bytes: number): void {
    if (stream === 0) {
      this.#window += bytes;
      if (this.#window > largestWindow) throw tooLarge();
      this.#sendAll();
      return;
    }
    // What is sent whole needs no window any more.
    const body = this.#waiting.get(stream);
    if (!body) return;
    body.window += bytes;
    if (body.window > largestWindow) throw tooLarge();
    this.#sendOf(body);
  }

  /** The peer has another window for each stream, those under way included. @throws Http2ProtocolError */
  resize(bytes: number): void {
    if (bytes > largestWindow) throw tooLarge();
    for (const body of this.#waiting.values())
      body.window += bytes - this.#initial;
    this.#initial = bytes;
    this.#sendAll();
  }

  #sendAll(): void {
    for (const body of this.#waiting.values()) {
      if (this.#window <= 0) return;
      this.#sendOf(body);
    }
  }

  #sendOf(body: OutgoingBody): void {
    while (this.#window > 0 && body.window > 0) {
      const bytes = Math.min(
        body.left,
        body.window,
        this.#window,
        mostFrameBytes,
      );
      this.#window -= bytes;
      const isLast = bytes === body.left;
      this.#write(
        frameHead(
          frameType.data,
          isLast ? flag.endStream : 0,
          body.stream,
          bytes,
        ),
      );
      body.take(bytes, this.#write);
      if (!isLast) continue;
      this.#waiting.delete(body.stream);
      return;
    }
  }
}
