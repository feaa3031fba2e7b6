import type { Lsn } from './protocol/lsn.ts';

interface Transaction {
  unacknowledged: number;
  /** Undefined until its commit is read. */
  endLsn: Lsn | undefined;
  /** The same for all of its messages: a million of them need no closure each. */
  readonly acknowledge: () => void;
}

/**
 * Knows up to where everything is acknowledged by the broker. Transactions are confirmed in the
 * order of the log, whatever the order of acknowledgements; a keepalive's position counts only when
 * nothing is on its way.
 */
export class AcknowledgementTracker {
  /** Oldest first; the last one may be open. */
  readonly #transactions: Transaction[] = [];
  #confirmed: Lsn = 0n;
  #advanced: (confirmed: Lsn) => void;

  constructor(advanced: (confirmed: Lsn) => void) {
    this.#advanced = advanced;
  }

  /** Everything before it may be forgotten by Postgres; 0 until something is confirmed. */
  get confirmed(): Lsn {
    return this.#confirmed;
  }

  get idle(): boolean {
    return this.#transactions.length === 0;
  }

  begin(): void {
    const transaction: Transaction = {
      unacknowledged: 0,
      endLsn: undefined,
      acknowledge: () => {
        transaction.unacknowledged -= 1;
        this.#confirmFinished();
      },
    };
    this.#transactions.push(transaction);
  }

  /** Counts a message of the open transaction; call the result once when the broker has it. */
  track(): () => void {
    const transaction = this.#transactions.at(-1);
    if (!transaction || transaction.endLsn !== undefined)
      throw new Error('expected a change inside of a transaction');
    transaction.unacknowledged += 1;
    return transaction.acknowledge;
  }

  commit(endLsn: Lsn): void {
    const transaction = this.#transactions.at(-1);
    if (!transaction || transaction.endLsn !== undefined)
      throw new Error('expected a commit of an open transaction');
    const before = this.#transactions.at(-2);
    if (before && transaction.unacknowledged === 0) {
      // It is confirmed together with the one before, so that a waiting head holds no growing list.
      before.endLsn = endLsn;
      this.#transactions.pop();
    } else {
      transaction.endLsn = endLsn;
    }
    this.#confirmFinished();
  }

  /** The server has sent everything before `walEnd`. */
  keepalive(walEnd: Lsn): void {
    if (this.idle) this.#confirm(walEnd);
  }

  #confirmFinished(): void {
    let finished = 0;
    let confirmed: Lsn | undefined;
    for (const { unacknowledged, endLsn } of this.#transactions) {
      if (unacknowledged > 0 || endLsn === undefined) break;
      finished += 1;
      confirmed = endLsn;
    }
    if (confirmed === undefined) return;
    this.#transactions.splice(0, finished);
    this.#confirm(confirmed);
  }

  #confirm(lsn: Lsn): void {
    if (lsn <= this.#confirmed) return;
    this.#confirmed = lsn;
    this.#advanced(lsn);
  }
}
