/**
 * Walks the fields of one Protobuf message inside a buffer without copying and without decoding
 * what nobody asks for. Wire format: https://protobuf.dev/programming-guides/encoding
 */
export class WireReader {
  readonly buffer: Buffer;
  readonly end: number;
  position: number;
  /** Of the field that {@link next} stopped at. */
  field = 0;
  /** Of the field that {@link next} stopped at: 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  wireType = 0;
  /** Where the tag of the current field began. */
  tagStart = 0;

  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    this.buffer = buffer;
    this.position = start;
    this.end = end;
  }

  /** Moves to the next field's content; false at the end. */
  next(): boolean {
    if (this.position >= this.end) return false;
    this.tagStart = this.position;
    const tag = this.varint();
    this.field = tag >>> 3;
    this.wireType = tag & 7;
    return true;
  }

  /** An unsigned varint of up to 32 bits; higher bits are read and dropped. */
  varint(): number {
    let result = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= this.end) break;
      const byte = this.buffer[this.position++] ?? 0;
      if (shift < 32) result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return result >>> 0;
    }
    throw new RangeError('expected a complete Protobuf varint');
  }

  /** The length of a length-delimited field, checked against the message's end. */
  length(): number {
    const length = this.varint();
    if (this.wireType !== 2 || this.position + length > this.end)
      throw new RangeError('expected a complete length-delimited field');
    return length;
  }

  string(): string {
    const length = this.length();
    const from = this.position;
    this.position += length;
    return this.buffer.toString('utf8', from, from + length);
  }

  skip(): void {
    switch (this.wireType) {
      case 0:
        this.varint();
        return;
      case 1:
        this.position += 8;
        break;
      case 2: {
        // On its own line: `+=` would read the position before length() moves it.
        const length = this.length();
        this.position += length;
        return;
      }
      case 5:
        this.position += 4;
        break;
      default:
        throw new RangeError(
          `expected a Protobuf wire type, got ${this.wireType}`,
        );
    }
    if (this.position > this.end)
      throw new RangeError('expected a complete Protobuf field');
  }
}
