import type { Consumer } from './consumer.ts';
import { Deque } from './deque.ts';

/** What a key has to know of the messages it orders. */
interface Ordered {
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
export class OrderingKey<Entry extends Ordered> {
  readonly name: string;
  readonly waiting = new Deque<Entry>();
  /** Leased messages, oldest first. */
  readonly run = new Set<Entry>();
  owner: Consumer | undefined = undefined;
  place: 'idle' | 'ready' | 'owned' | 'delayed' = 'idle';
  delayedUntil = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** The message to be delivered next. */
  head(): Entry | undefined {
    let entry = this.waiting.peek();
    while (entry?.state === 'gone') {
      this.waiting.shift();
      entry = this.waiting.peek();
    }
    return entry;
  }

  /** Takes back the run from an entry on, so that it is delivered again from there in order. */
  revokeFrom(first: Entry): Entry[] {
    const revoked: Entry[] = [];
    for (const entry of this.run)
      if (entry.sequence >= first.sequence) revoked.push(entry);
    for (const entry of revoked) this.run.delete(entry);
    this.waiting.prepend(revoked);
    return revoked;
  }
}
