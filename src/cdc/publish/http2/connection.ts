import type { Socket } from 'node:net';

import {
  ConnectionLostError,
  errorCode,
  Http2ProtocolError,
  RequestTimeoutError,
  StreamResetError,
} from './errors.ts';
import {
  flag,
  type Frame,
  FrameReader,
  frameType,
  numberFrame,
  readSettings,
  setting,
  settingsFrame,
  wholeFrame,
} from './frames.ts';
import type { Headers } from './header-block.ts';
import { type HeaderBlock, HeaderBlocks } from './header-blocks.ts';
import { Liveness, type LivenessOptions } from './liveness.ts';
import { Outflow } from './outflow.ts';

/** Requests under way are what is waited for. */
export interface ConnectionOptions extends LivenessOptions {
  /** Longest time of a request, in milliseconds. */
  readonly timeout: number;
  /** Called once, when it is of no use to anybody any more. */
  readonly onEnded?: () => void;
}

/** A request on its way, or waiting for it. */
interface Stream {
  readonly headers: Buffer;
  readonly body: readonly Buffer[];
  readonly deadline: number;
  readonly resolve: (headers: Headers) => void;
  readonly reject: (error: Error) => void;
  answer: Headers | undefined;
  /** Bytes received that the peer has not been told are taken. */
  untold: number;
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** Bytes received after which the peer is told to go on; both windows are 65,535. */
const windowStep = 32_768;
/** Streams are numbered with 31 bits, odd ones are ours. */
const lastStream = 0x7fff_fffd;
/** Between two looks for requests that took too long, in milliseconds. */
const lookInterval = 250;
/** For the last words to a peer that is left, in milliseconds. */
const partingTime = 1_000;

/**
 * One HTTP/2 connection (RFC 9113) of a client whose requests have one body and whose answers are their
 * headers: what is in the answer's body is counted and dropped. Bodies are written to the socket from where
 * they are; Node's own client copies them several times and costs several times as much a request.
 */
export class Http2Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #reader = new FrameReader();
  readonly #outflow: Outflow;
  /** By number, and so in the order in which they were begun. */
  readonly #streams = new Map<number, Stream>();
  /** Requests beyond the streams that the peer allows at once. */
  readonly #queue: Stream[] = [];
  readonly #headerBlocks = new HeaderBlocks();
  readonly #liveness: Liveness;
  readonly #looking: NodeJS.Timeout;
  #nextStream = 1;
  #mostStreams = Infinity;
  #untold = 0;
  /** Why it takes no more requests. */
  #retired: string | undefined;
  #corked = false;
  #ended = false;

  /** @param socket connected, and of nobody else. */
  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#liveness = new Liveness(options);
    this.#outflow = new Outflow((bytes) => this.#write(bytes));
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('error', (error) => this.#end(error.message));
    socket.on('close', () => this.#end('the peer closed the connection'));
    this.#looking = setInterval(() => this.#look(), lookInterval).unref();
    this.#write(preface);
    this.#write(
      settingsFrame([
        // Without a table a header block means the same at any time, and lost ones confuse nobody.
        [setting.headerTableSize, 0],
        [setting.enablePush, 0],
      ]),
    );
  }

  /** Whether it takes requests. */
  get usable(): boolean {
    return this.#retired === undefined;
  }

  /**
   * @param headers encoded by `encodeHeaders`
   * @param body at least one byte, in pieces that nobody changes any more
   * @returns the headers of the answer, with the trailers, when it is whole.
   * @throws ConnectionLostError, StreamResetError, RequestTimeoutError
   */
  request(headers: Buffer, body: readonly Buffer[]): Promise<Headers> {
    return new Promise((resolve, reject) => {
      if (this.#retired !== undefined) {
        reject(new ConnectionLostError(this.#retired));
        return;
      }
      this.#queue.push({
        headers,
        body,
        deadline: performance.now() + this.#options.timeout,
        resolve,
        reject,
        answer: undefined,
        untold: 0,
      });
      this.#beginNext();
    });
  }

  /** Ends it at once, and with it all requests. */
  close(): void {
    this.#end('the connection was closed');
  }

  #beginNext(): void {
    while (this.#queue.length > 0 && this.#streams.size < this.#mostStreams) {
      if (this.#nextStream > lastStream) {
        this.#retire('its numbers of streams are used up');
        return;
      }
      const request = this.#queue.shift()!;
      const stream = this.#nextStream;
      this.#nextStream += 2;
      if (this.#streams.size === 0) this.#liveness.waiting();
      this.#streams.set(stream, request);
      this.#write(
        wholeFrame(frameType.headers, flag.endHeaders, stream, request.headers),
      );
      this.#outflow.send(stream, request.body);
    }
  }

  /** All that is written within a turn goes to the kernel together. */
  #write(bytes: Buffer): void {
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      setImmediate(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(bytes);
  }

  #received(chunk: Buffer): void {
    if (this.#ended) return;
    this.#liveness.heard();
    try {
      for (const frame of this.#reader.read(chunk)) {
        if (this.#ended) return;
        this.#read(frame);
      }
    } catch (error) {
      if (!(error instanceof Http2ProtocolError)) throw error;
      this.#write(numberFrame(frameType.goAway, 0, 0, error.code));
      this.#end(error.message, true);
    }
  }

  #read(frame: Frame): void {
    const { type, flags, stream, payload } = frame;
    if (this.#headerBlocks.unfinished && type !== frameType.continuation)
      throw new Http2ProtocolError('expected the rest of a header block');
    switch (type) {
      case frameType.data:
        this.#readData(frame);
        return;
      case frameType.headers:
        this.#readHeaders(this.#headerBlocks.begin(frame));
        return;
      case frameType.continuation:
        this.#readHeaders(this.#headerBlocks.goOn(frame));
        return;
      case frameType.reset:
        this.#settle(stream, new StreamResetError(numberIn(frame, 0)));
        return;
      case frameType.settings:
        if (!(flags & flag.acknowledged)) this.#readSettings(payload);
        return;
      case frameType.ping:
        // An answer to ours has said all by coming.
        if (!(flags & flag.acknowledged))
          this.#write(
            wholeFrame(frameType.ping, flag.acknowledged, 0, payload),
          );
        return;
      case frameType.goAway:
        this.#readGoAway(frame);
        return;
      case frameType.windowUpdate: {
        const bytes = numberIn(frame, 0) & 0x7fff_ffff;
        if (bytes === 0)
          throw new Http2ProtocolError('expected a window to be made larger');
        this.#outflow.open(stream, bytes);
        return;
      }
      case frameType.pushPromise:
        throw new Http2ProtocolError('expected no pushes');
      default:
      // Unknown types are for others to know.
    }
  }

  #readData({ stream, flags, payload }: Frame): void {
    this.#untold += payload.length;
    if (this.#untold >= windowStep) {
      this.#write(numberFrame(frameType.windowUpdate, 0, this.#untold));
      this.#untold = 0;
    }
    const open = this.#streams.get(stream);
    if (!open) return;
    if (flags & flag.endStream) {
      this.#settle(stream);
      return;
    }
    open.untold += payload.length;
    if (open.untold < windowStep) return;
    this.#write(numberFrame(frameType.windowUpdate, stream, open.untold));
    open.untold = 0;
  }

  #readHeaders(block: HeaderBlock | undefined): void {
    if (!block) return;
    const { stream, ends, headers } = block;
    const open = this.#streams.get(stream);
    if (!open) return;
    if (!open.answer && headers.get(':status')?.startsWith('1')) return;
    open.answer = open.answer ? new Map([...open.answer, ...headers]) : headers;
    if (ends) this.#settle(stream);
  }

  #readSettings(payload: Buffer): void {
    const settings = readSettings(payload);
    // Before anything that makes use of them: to the peer they count from then on.
    this.#write(
      wholeFrame(frameType.settings, flag.acknowledged, 0, Buffer.alloc(0)),
    );
    for (const [number, value] of settings) {
      if (number === setting.initialWindowSize) this.#outflow.resize(value);
      if (number === setting.maxConcurrentStreams) this.#mostStreams = value;
    }
    this.#beginNext();
  }

  #readGoAway(frame: Frame): void {
    const last = numberIn(frame, 0) & 0x7fff_ffff;
    const code = numberIn(frame, 4);
    const reason = `the peer takes no more requests on this connection (code ${code} of HTTP/2)`;
    for (const stream of [...this.#streams.keys()])
      if (stream > last) this.#settle(stream, new ConnectionLostError(reason));
    this.#retire(reason);
  }

  /** Takes no more requests, and ends when those under way are answered. */
  #retire(reason: string): void {
    this.#retired ??= reason;
    for (const { reject } of this.#queue.splice(0))
      reject(new ConnectionLostError(reason));
    if (this.#streams.size === 0) this.#end(reason);
  }

  /** Ends a stream: with its answer, or with an error. */
  #settle(number: number, error?: Error): void {
    const stream = this.#streams.get(number);
    if (!stream) return;
    this.#streams.delete(number);
    // An answer may come before all of its request is sent; the rest is of no use then.
    if (this.#outflow.drop(number) && !(error instanceof StreamResetError))
      this.#reset(number);
    if (error) stream.reject(error);
    else stream.resolve(stream.answer ?? new Map());
    if (this.#ended) return;
    if (this.#retired === undefined) this.#beginNext();
    else if (this.#streams.size === 0) this.#end(this.#retired);
  }

  #reset(stream: number): void {
    this.#write(numberFrame(frameType.reset, stream, errorCode.cancel));
  }

  #look(): void {
    const now = performance.now();
    this.#endLate(now);
    const { silence, patience } = this.#options;
    const found = this.#liveness.look(now, this.#streams.size > 0);
    if (found === 'gone')
      this.#end(`the peer said nothing for ${silence + patience} ms`);
    if (found === 'ask')
      this.#write(wholeFrame(frameType.ping, 0, 0, Buffer.alloc(8)));
  }

  /** Ends requests that took too long; the oldest are first. */
  #endLate(now: number): void {
    const { timeout } = this.#options;
    for (const [number, { deadline }] of this.#streams) {
      if (deadline > now) break;
      this.#outflow.drop(number);
      this.#reset(number);
      this.#settle(number, new RequestTimeoutError(timeout));
    }
    while (this.#queue[0] && this.#queue[0].deadline <= now)
      this.#queue.shift()!.reject(new RequestTimeoutError(timeout));
  }

  /** @param tells whether the peer is to have what was written last. */
  #end(reason: string, tells = false): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#retired ??= reason;
    clearInterval(this.#looking);
    const waiting = [...this.#streams.values(), ...this.#queue.splice(0)];
    this.#streams.clear();
    this.#options.onEnded?.();
    for (const { reject } of waiting) reject(new ConnectionLostError(reason));
    if (!tells) {
      this.#socket.destroy();
      return;
    }
    this.#socket.uncork();
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), partingTime).unref();
  }
}

/** A number of four bytes in a frame. @throws Http2ProtocolError */
const numberIn = ({ payload }: Frame, offset: number): number => {
  if (payload.length < offset + 4)
    throw new Http2ProtocolError(
      'expected a longer frame',
      errorCode.frameSize,
    );
  return payload.readUInt32BE(offset);
};
