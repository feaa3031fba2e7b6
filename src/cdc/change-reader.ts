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
  readonly route: (relation: Relation) => Promise<ChangeWriter>;
  /** Takes one message; resolves when another may come. */
  readonly publish: (
    message: OutgoingMessage,
    settled: () => void,
  ) => Promise<void>;
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

  /** @throws ProtocolError, CaptureError */
  async read(chunk: Buffer): Promise<void> {
    const message = parseServerMessage(chunk);
    const { tracker, onServerPosition, onReplyRequested } = this.#options;
    if (message.kind === 'data') {
      onServerPosition(message.lsn);
      await this.#readOutput(message.data, message.lsn);
      return;
    }
    onServerPosition(message.walEnd);
    // Inside of a transaction the tracker is not idle, so that its position does not count.
    tracker.keepalive(message.walEnd);
    if (message.replyRequested) onReplyRequested();
  }

  async #readOutput(data: Buffer, lsn: Lsn): Promise<void> {
    const { tracker, route } = this.#options;
    const output = decodeOutput(data);
    switch (output.kind) {
      case 'begin':
        tracker.begin();
        this.#transaction = {
          transactionId: output.transactionId,
          commitMicroseconds: microsecondsSince1970(output.commitTime),
          lastCommitLsn: this.#lastCommitLsn,
        };
        return;
      case 'origin':
        this.#transaction = {
          ...this.#open(output.kind),
          origin: { name: output.name, lsn: output.lsn },
        };
        return;
      case 'commit':
        tracker.commit(output.endLsn);
        this.#transaction = undefined;
        this.#lastCommitLsn = output.endLsn;
        return;
      case 'relation':
        this.#writers.set(output.id, await route(output));
        return;
      case 'insert':
      case 'update':
      case 'delete':
        await this.#publish(output, lsn);
        return;
      case 'ignored':
        return;
    }
  }

  async #publish(change: RowChange, lsn: Lsn): Promise<void> {
    const write = this.#writers.get(change.relationId);
    if (!write)
      throw new ProtocolError(
        `expected a relation ${change.relationId} before its first change, got none`,
      );
    const transaction = this.#open(change.kind);
    for (const message of write(change, { lsn, transaction }))
      await this.#options.publish(message, this.#options.tracker.track());
  }

  #open(kind: string): TransactionContext {
    if (this.#transaction) return this.#transaction;
    throw new ProtocolError(`expected a transaction before ${kind}, got none`);
  }
}
