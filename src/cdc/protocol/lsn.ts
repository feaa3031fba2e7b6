/** A position in the write-ahead log, as a number of bytes. */
export type Lsn = bigint;

/** An LSN as Postgres writes it: `0/17D8F18`. */
export const formatLsn = (lsn: Lsn): string =>
  `${(lsn >> 32n).toString(16)}/${(lsn & 0xffff_ffffn).toString(16)}`.toUpperCase();

/** @throws TypeError if the text is not an LSN. */
export const parseLsn = (text: string): Lsn => {
  const match = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i.exec(text);
  if (!match?.[1] || !match[2])
    throw new TypeError(
      `expected an LSN such as 0/17D8F18, got: ${JSON.stringify(text)}`,
    );
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
};
