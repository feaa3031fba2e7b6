import type { Lsn } from './lsn.ts';

/** Microseconds between 1970 and 2000, where the protocol's clock begins. */
const epoch = 946_684_800_000_000n;

/** What the server sends while it streams (PostgreSQL manual, "Streaming Replication Protocol"). */
export type ServerMessage =
  | { readonly kind: 'data'; readonly lsn: Lsn; readonly data: Buffer }
  | {
      readonly kind: 'keepalive';
      /** Everything before it has been sent. */
      readonly walEnd: Lsn;
      readonly replyRequested: boolean;
    };

/** Something that is not part of the protocol: a server or a proxy that speaks another one. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/**
 * Decodes the content of one CopyData message. Its bytes are shared with the argument.
 *
 * @throws ProtocolError
 */
export const parseServerMessage = (chunk: Buffer): ServerMessage => {
  const kind = String.fromCharCode(chunk.readUInt8(0));
  if (kind === 'w')
    return {
      kind: 'data',
      lsn: chunk.readBigUInt64BE(1),
      data: chunk.subarray(25),
    };
  if (kind === 'k')
    return {
      kind: 'keepalive',
      walEnd: chunk.readBigUInt64BE(1),
      replyRequested: chunk.readUInt8(17) === 1,
    };
  throw new ProtocolError(
    `expected XLogData (w) or a keepalive (k) on the replication stream, got: ${JSON.stringify(kind)}`,
  );
};

/**
 * Says that everything before `confirmed` is safe with us, flushed and applied; `taken` is read and handed on, and what
 * Postgres shows as written (`pg_stat_replication.write_lsn`).
 */
export const standbyStatus = (confirmed: Lsn, taken: Lsn): Buffer => {
  const message = Buffer.alloc(34);
  message.write('r', 0, 'latin1');
  message.writeBigUInt64BE(taken > confirmed ? taken : confirmed, 1);
  for (const offset of [9, 17]) message.writeBigUInt64BE(confirmed, offset);
  message.writeBigInt64BE(BigInt(Date.now()) * 1_000n - epoch, 25);
  return message;
};

/** Microseconds since 1970 of a time of the protocol. */
export const microsecondsSince1970 = (time: bigint): bigint => time + epoch;
