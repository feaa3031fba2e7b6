import type { Message } from '@google-cloud/pubsub';

import { rowChangeId } from '../../src/cdc/identity.ts';
import type { ChangePayload } from '../../src/cdc/change-message.ts';

/** What a message says: the how-manieth of its key it is, counted from 1, and its id. */
interface Read {
  readonly key: string;
  readonly number: number;
  readonly id: string;
  /** Where a row change stands in the log. */
  readonly lsn?: bigint;
}

interface Counted {
  readonly key: string;
  readonly number: number;
}

/** An event of the load. */
export const readEvent = ({ data, attributes }: Message): Read => ({
  ...(JSON.parse(data.toString()) as Counted),
  id: attributes['id'] ?? '',
});

/** A change of a person's reputation, which counts from 0. */
export const readChange = ({ data, orderingKey }: Message): Read => {
  const { payload } = JSON.parse(data.toString()) as {
    payload: ChangePayload<{ id: string; reputation: number }>;
  };
  return {
    key: payload.after!.id,
    number: payload.after!.reputation,
    id: rowChangeId(payload, orderingKey ?? ''),
    lsn: BigInt(payload.source.lsn ?? 0),
  };
};

/** What was committed, what came, and what is wrong with it. */
export class Ledger {
  readonly #committed = new Map<string, number>();
  /** By key: the id of each number, in order. */
  readonly #received = new Map<string, string[]>();
  readonly violations: string[] = [];
  committed = 0;
  /** Different ones. */
  received = 0;
  doubled = 0;
  /** Of the row changes among them. */
  doubledChanges = 0;
  #confirmed = 0n;
  #confirmedBefore = 0n;

  /** Numbers of a key were committed, up to this one. */
  commit(key: string, number: number): void {
    this.committed += number - (this.#committed.get(key) ?? 0);
    this.#committed.set(key, number);
  }

  /**
   * The one that streams was killed; so much of the log Postgres knew to be with the broker. None of it may come
   * again from the next kill on; what the killed one had sent again may still be on its way until then.
   */
  killed(confirmed: bigint): void {
    this.#confirmedBefore = this.#confirmed;
    this.#confirmed = confirmed;
  }

  get missing(): number {
    return this.committed - this.received;
  }

  take({ key, number, id, lsn }: Read): void {
    // A new person's row.
    if (number === 0) return;
    const known = this.#received.get(key) ?? [];
    this.#received.set(key, known);
    if (number <= known.length) {
      this.#again(known[number - 1]!, { key, number, id }, lsn);
      return;
    }
    if (number > known.length + 1)
      this.#violate(
        `${key}: ${number} came after ${known.length}, so that some were passed over`,
      );
    while (known.length < number) known.push(id);
    this.received += 1;
  }

  #again(
    first: string,
    { key, number, id }: Read,
    lsn: bigint | undefined,
  ): void {
    this.doubled += 1;
    if (first !== id)
      this.#violate(`${key}: ${number} came again under another id`);
    if (lsn === undefined) return;
    this.doubledChanges += 1;
    if (lsn < this.#confirmedBefore)
      this.#violate(`${key}: ${number} came again although it was confirmed`);
  }

  /** What came although it was never committed. */
  invented(): number {
    return [...this.#received].filter(
      ([key, known]) => known.length > (this.#committed.get(key) ?? 0),
    ).length;
  }

  #violate(text: string): void {
    if (this.violations.length < 20) this.violations.push(text);
  }
}
