import type { Lsn } from './protocol/lsn.ts';

/** The transaction that a change belongs to. */
export interface TransactionContext {
  readonly transactionId: number;
  /** Microseconds since 1970. */
  readonly commitMicroseconds: bigint;
  /** Where the transaction before it ended; undefined for the first one of a stream. */
  readonly lastCommitLsn: Lsn | undefined;
  /** Set on changes that were replicated to this server from another one. */
  readonly origin?: { readonly name: string; readonly lsn: Lsn };
}

/** One change and where it stands in the log. */
export interface ChangePosition {
  readonly lsn: Lsn;
  readonly transaction: TransactionContext;
}
