import type { AcknowledgementTracker } from './acknowledgements.ts';
import type { ChangeWriter, RowChange } from './envelope/change-writer.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import { decodeOutput, type Relation } from './pgoutput/decode.ts';
import type { Lsn } from './protocol/lsn.ts';
import {
  microsecondsSince1970,
  parseServerMessage,
  ProtocolError,
} from './protocol/messages.ts';
import type { TransactionContext } from './transaction.ts';

export interface ChangeReaderOptions {
  readonly tracker: AcknowledgementTracker;
  /** Says what becomes of a table's changes, as it is after the transaction. */
  readonly route: (
    relation: Relation,
    transactionId: number,
  ) => Promise<ChangeWriter>;
  /** Takes one message; if it has to wait for room, resolves when it is taken. */
  readonly publish: (
    message: OutgoingMessage,
    settled: () => void,
  ) => Promise<void> | undefined;
  /** The server's position in the log, as it tells with every keepalive. */
  readonly onServerPosition: (walEnd: Lsn) => void;
  readonly onReplyRequested: () => void;
}

/** Follows one replication stream from its first byte: relations, transactions, changes, keepalives. */
export class ChangeReader {
  readonly #options: ChangeReaderOptions;
  readonly #writers = new Map<number, ChangeWriter>();
  #transaction: TransactionContext | undefined;
  #lastCommitLsn: Lsn | undefined;

  constructor(options: ChangeReaderOptions) {
    this.#options = options;
  }

  /**
   * Reads one message of the stream; if it cannot be done at once, resolves when it is.
   *
   * @throws ProtocolError, CaptureError
   */
  read(chunk: Buffer): Promise<void> | undefined {
    const message = parseServerMessage(chunk);
    const { tracker, onServerPosition, onReplyRequested } = this.#options;
    if (message.kind === 'data') {
      onServerPosition(message.lsn);
      return this.#readOutput(message.data, message.lsn);
    }
    onServerPosition(message.walEnd);
    // Inside of a transaction the tracker is not idle, so that its position does not count.
    tracker.keepalive(message.walEnd);
    if (message.replyRequested) onReplyRequested();
    return undefined;
  }

  #readOutput(data: Buffer, lsn: Lsn): Promise<void> | undefined {
    const { tracker } = this.#options;
    const output = decodeOutput(data);
    switch (output.kind) {
      case 'begin':
        tracker.begin();
        this.#transaction = {
          transactionId: output.transactionId,
          commitMicroseconds: microsecondsSince1970(output.commitTime),
          lastCommitLsn: this.#lastCommitLsn,
        };
        return undefined;
      case 'origin':
        this.#transaction = {
          ...this.#open(output.kind),
          origin: { name: output.name, lsn: output.lsn },
        };
        return undefined;
      case 'commit':
        tracker.commit(output.endLsn);
        this.#transaction = undefined;
        this.#lastCommitLsn = output.endLsn;
        return undefined;
      case 'relation':
        return this.#readRelation(output);
      case 'insert':
      case 'update':
      case 'delete':
        return this.#publish(output, lsn);
      case 'ignored':
        return undefined;
    }
  }

  async #readRelation(relation: Relation): Promise<void> {
    const { transactionId } = this.#open('relation');
    this.#writers.set(
      relation.id,
      await this.#options.route(relation, transactionId),
    );
  }

  #publish(change: RowChange, lsn: Lsn): Promise<void> | undefined {
    const write = this.#writers.get(change.relationId);
    if (!write)
      throw new ProtocolError(
        `expected a relation ${change.relationId} before its first change, got none`,
      );
    const transaction = this.#open(change.kind);
    const { publish, tracker } = this.#options;
    let waiting: Promise<void> | undefined;
    for (const message of write(change, { lsn, transaction })) {
      const settled = tracker.track();
      // One change may be two messages; the second waits for the first.
      waiting = waiting
        ? waiting.then(() => publish(message, settled))
        : publish(message, settled);
    }
    return waiting;
  }

  #open(kind: string): TransactionContext {
    if (this.#transaction) return this.#transaction;
    throw new ProtocolError(`expected a transaction before ${kind}, got none`);
  }
}
