import { errorCode, Http2ProtocolError } from './errors.ts';

/** Types of RFC 9113, section 6. */
export const frameType = {
  data: 0x0,
  headers: 0x1,
  reset: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goAway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

export const flag = {
  acknowledged: 0x1,
  endStream: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

/** Numbers of RFC 9113, section 6.5.2. */
export const setting = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
} as const;

/** Bytes of a frame's content that every peer takes, and that we take. */
export const mostFrameBytes = 16_384;

const headBytes = 9;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  /** 0 is the connection. */
  readonly stream: number;
  /** Shared with what was read. */
  readonly payload: Buffer;
}

/** Writes the beginning of a frame with room for its content. */
const frameOf = (
  type: number,
  flags: number,
  stream: number,
  length: number,
  room = length,
): Buffer => {
  const frame = Buffer.allocUnsafe(headBytes + room);
  frame.writeUIntBE(length, 0, 3);
  frame[3] = type;
  frame[4] = flags;
  frame.writeUInt32BE(stream, 5);
  return frame;
};

/** A frame with its content, which is copied. */
export const wholeFrame = (
  type: number,
  flags: number,
  stream: number,
  payload: Buffer,
): Buffer => {
  const frame = frameOf(type, flags, stream, payload.length);
  payload.copy(frame, headBytes);
  return frame;
};

/** The beginning of a frame of which the content is written apart. */
export const frameHead = (
  type: number,
  flags: number,
  stream: number,
  length: number,
): Buffer => frameOf(type, flags, stream, length, 0);

/** A frame whose content is one number, or several. */
export const numberFrame = (
  type: number,
  stream: number,
  ...numbers: readonly number[]
): Buffer => {
  const frame = frameOf(type, 0, stream, numbers.length * 4);
  numbers.forEach((number, place) =>
    frame.writeUInt32BE(number, headBytes + place * 4),
  );
  return frame;
};

export const settingsFrame = (
  settings: readonly (readonly [number, number])[],
): Buffer => {
  const frame = frameOf(frameType.settings, 0, 0, settings.length * 6);
  settings.forEach(([number, value], place) => {
    frame.writeUInt16BE(number, headBytes + place * 6);
    frame.writeUInt32BE(value, headBytes + place * 6 + 2);
  });
  return frame;
};

/** @throws Http2ProtocolError */
export const readSettings = (
  payload: Buffer,
): readonly (readonly [number, number])[] => {
  if (payload.length % 6 !== 0)
    throw new Http2ProtocolError(
      `expected settings of 6 bytes each, got ${payload.length} bytes`,
      errorCode.frameSize,
    );
  return Array.from({ length: payload.length / 6 }, (_, place) => [
    payload.readUInt16BE(place * 6),
    payload.readUInt32BE(place * 6 + 2),
  ]);
};

/**
 * The content of a frame without its padding and what says how urgent it is.
 *
 * @throws Http2ProtocolError
 */
export const contentOf = ({ type, flags, payload }: Frame): Buffer => {
  const padding = flags & flag.padded ? 1 + (payload[0] ?? 0) : 0;
  const start =
    (padding > 0 ? 1 : 0) +
    (type === frameType.headers && flags & flag.priority ? 5 : 0);
  const end = payload.length - Math.max(0, padding - 1);
  if (start > end)
    throw new Http2ProtocolError(
      'expected a frame with more content than padding',
    );
  return payload.subarray(start, end);
};

/** Cuts what is received into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /**
   * The frames that are whole with these bytes.
   *
   * @throws Http2ProtocolError
   */
  read(chunk: Buffer): Frame[] {
    const bytes =
      this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    const frames: Frame[] = [];
    let offset = 0;
    while (bytes.length - offset >= headBytes) {
      const length = bytes.readUIntBE(offset, 3);
      if (length > mostFrameBytes)
        throw new Http2ProtocolError(
          `expected frames of at most ${mostFrameBytes} bytes, got one of ${length}`,
          errorCode.frameSize,
        );
      const end = offset + headBytes + length;
      if (end > bytes.length) break;
      frames.push({
        type: bytes[offset + 3]!,
        flags: bytes[offset + 4]!,
        stream: bytes.readUInt32BE(offset + 5) & 0x7fff_ffff,
        payload: bytes.subarray(offset + headBytes, end),
      });
      offset = end;
    }
    // A copy, so that a few bytes do not keep all that came with them.
    this.#rest = Buffer.from(bytes.subarray(offset));
    return frames;
  }
}
