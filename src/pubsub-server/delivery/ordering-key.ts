import { Chain, type Link } from './chain.ts';
import type { Consumer } from './consumer.ts';

/** What a key has to know of the messages it orders. */
interface Ordered<Entry> extends Link<Entry> {
  readonly sequence: number;
  readonly state: string;
}

/**
 * The messages of one ordering key in one subscription: those that wait, in publish order, and
 * the one outstanding run, all leased to the same consumer. The run may be extended for a live
 * stream; anyone else waits until it has ended.
 *
 * - `idle`: nothing waits, or what waits must wait for the run to end
 * - `ready`: any consumer may begin a run
 * - `owned`: only the run's consumer may be given more
 * - `delayed`: the head is backing off
 */
export class OrderingKey<Entry extends Ordered<Entry>> {
  readonly name: string;
  readonly #waiting = new Chain<Entry>();
  /** Leased messages, all older than those that wait. */
  readonly #run = new Chain<Entry>();
  owner: Consumer | undefined = undefined;
  place: 'idle' | 'ready' | 'owned' | 'delayed' = 'idle';
  delayedUntil = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** The message to be delivered next. */
  get head(): Entry | undefined {
    return this.#waiting.first;
  }

  get outstanding(): boolean {
    return this.#run.first !== undefined;
  }

  /** A message newer than all others of the key. */
  push(entry: Entry): void {
    this.#waiting.push(entry);
  }

  /** The head joins the run. */
  take(head: Entry): void {
    this.#waiting.remove(head);
    this.#run.push(head);
  }

  remove(entry: Entry): void {
    (entry.state === 'leased' ? this.#run : this.#waiting).remove(entry);
  }

  /** Takes back the run from an entry of it on, so that it is delivered again from there in order. */
  revokeFrom(first: Entry): Entry[] {
    const revoked: Entry[] = [];
    for (
      let last = this.#run.last;
      last !== undefined && last.sequence >= first.sequence;
      last = this.#run.last
    ) {
      this.#run.remove(last);
      this.#waiting.unshift(last);
      revoked.push(last);
    }
    return revoked;
  }
}
