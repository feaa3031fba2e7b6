/** How many bytes the varint of a non-negative safe integer takes. */
export const varintSize = (value: number): number => {
  let size = 1;
  while (value >= 0x80) {
    value = Math.floor(value / 128);
    size += 1;
  }
  return size;
};

/** Writes a non-negative safe integer as varint and returns the offset after it. */
export const writeVarint = (
  target: Buffer,
  offset: number,
  value: number,
): number => {
  while (value >= 0x80) {
    target[offset++] = (value % 128) | 0x80;
    value = Math.floor(value / 128);
  }
  target[offset++] = value;
  return offset;
};

/** Writes a string of ASCII characters; a loop beats the native call for the short ids written here. */
export const writeAscii = (
  target: Buffer,
  offset: number,
  value: string,
): number => {
  for (let index = 0; index < value.length; index += 1)
    target[offset++] = value.charCodeAt(index);
  return offset;
};
