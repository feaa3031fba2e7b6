import { errorCode, Http2ProtocolError } from './errors.ts';
import { contentOf, flag, type Frame } from './frames.ts';
import { decodeHeaders, type Headers } from './header-block.ts';

/** Header blocks in several frames are no longer than this, in bytes. */
const mostBytes = 65_536;
/** Blocks that are remembered: those of most answers are equal to the byte. */
const mostKnown = 64;

/** The headers or trailers of a stream. */
export interface HeaderBlock {
  readonly stream: number;
  /** They are the last that comes on it. */
  readonly ends: boolean;
  readonly headers: Headers;
}

/** Header blocks, put together of the frames in which they come, and decoded. */
export class HeaderBlocks {
  readonly #known = new Map<string, Headers>();
  #open: { stream: number; ends: boolean; parts: Buffer[] } | undefined;

  /** The rest of a block is to come, and nothing else may. */
  get unfinished(): boolean {
    return this.#open !== undefined;
  }

  /** @returns the block of a HEADERS frame, if that is all of it. @throws Http2ProtocolError */
  begin(frame: Frame): HeaderBlock | undefined {
    const { stream, flags } = frame;
    this.#open = { stream, ends: (flags & flag.endStream) !== 0, parts: [] };
    return this.#add(flags, contentOf(frame));
  }

  /** @returns the block that a CONTINUATION frame ends, if it does. @throws Http2ProtocolError */
  goOn({ stream, flags, payload }: Frame): HeaderBlock | undefined {
    if (this.#open?.stream !== stream)
      throw new Http2ProtocolError(
        'expected a header block before its continuation',
      );
    return this.#add(flags, payload);
  }

  #add(flags: number, part: Buffer): HeaderBlock | undefined {
    const { stream, ends, parts } = this.#open!;
    parts.push(part);
    if (parts.reduce((sum, { length }) => sum + length, 0) > mostBytes)
      throw new Http2ProtocolError(
        `expected headers of at most ${mostBytes} bytes`,
        errorCode.enhanceYourCalm,
      );
    if (!(flags & flag.endHeaders)) return undefined;
    this.#open = undefined;
    const block = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    return { stream, ends, headers: this.#decode(block) };
  }

  #decode(block: Buffer): Headers {
    const name = block.toString('latin1');
    let headers = this.#known.get(name);
    if (!headers) {
      headers = decodeHeaders(block);
      if (this.#known.size >= mostKnown) this.#known.clear();
      this.#known.set(name, headers);
    }
    return headers;
  }
}
