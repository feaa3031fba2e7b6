/** An LSN, such as `0/17D8F18`, as a number of bytes. */
export const positionOf = (lsn: string): bigint =>
  lsn.split('/').reduce((high, low) => (high << 32n) | BigInt(`0x${low}`), 0n);
