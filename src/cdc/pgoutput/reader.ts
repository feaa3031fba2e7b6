/** Reads the fields of one pgoutput message in order. Numbers are big-endian. */
export class MessageReader {
  #offset = 0;

  constructor(readonly bytes: Buffer) {}

  uint8(): number {
    return this.bytes.readUInt8(this.#advance(1));
  }

  uint16(): number {
    return this.bytes.readUInt16BE(this.#advance(2));
  }

  int32(): number {
    return this.bytes.readInt32BE(this.#advance(4));
  }

  uint32(): number {
    return this.bytes.readUInt32BE(this.#advance(4));
  }

  int64(): bigint {
    return this.bytes.readBigInt64BE(this.#advance(8));
  }

  uint64(): bigint {
    return this.bytes.readBigUInt64BE(this.#advance(8));
  }

  /** One byte, as its letter. */
  letter(): string {
    return String.fromCharCode(this.uint8());
  }

  text(length: number): string {
    const start = this.#advance(length);
    return this.bytes.toString('utf8', start, start + length);
  }

  /** Text that ends with a zero byte. */
  name(): string {
    const end = this.bytes.indexOf(0, this.#offset);
    if (end < 0)
      throw new RangeError('expected a text that ends with a zero byte');
    const text = this.bytes.toString('utf8', this.#offset, end);
    this.#offset = end + 1;
    return text;
  }

  #advance(length: number): number {
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}
