import type { Consumer } from './consumer.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import { Deque } from './deque.ts';
import { Entry, type EntryKey } from './entry.ts';
import { OrderingKey } from './ordering-key.ts';

/**
 * The messages of a subscription that nobody has at the moment, where those who may have them
 * find them: what anybody may have, the rest of a key's run for the stream that has the run,
 * and what is backing off. Of an ordering key, the key stands here for its messages.
 */
export class WaitingMessages {
  readonly #keys = new Map<string, EntryKey>();
  readonly #ready = new Deque<Entry | EntryKey>();
  /** For each open stream the keys whose run it holds and that have more for it. */
  readonly #owned = new Map<Consumer, Deque<EntryKey>>();
  readonly #delays = new DeadlineHeap<Entry | EntryKey>((delayed, at) => {
    const stands =
      delayed instanceof Entry
        ? delayed.state === 'delayed' && delayed.until === at
        : delayed.place === 'delayed' && delayed.delayedUntil === at;
    return stands ? at : undefined;
  });

  addConsumer(consumer: Consumer): void {
    this.#owned.set(consumer, new Deque());
  }

  /** What is left of its runs waits until they have ended. */
  removeConsumer(consumer: Consumer): void {
    this.#owned.delete(consumer);
  }

  key(name: string): EntryKey {
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = new OrderingKey(name);
      this.#keys.set(name, key);
    }
    return key;
  }

  /** A message without a key, deliverable from its `until` on. */
  add(entry: Entry, now: number): void {
    if (entry.until > now) {
      entry.state = 'delayed';
      this.#delays.push(entry, entry.until);
    } else {
      entry.state = 'waiting';
      this.#ready.push(entry);
    }
  }

  /** Puts a key where its messages can be found by those who may have them. */
  place(key: EntryKey, now: number): void {
    const { head } = key;
    if (head === undefined) {
      key.place = 'idle';
      if (!key.outstanding) this.#keys.delete(key.name);
      return;
    }
    if (head.until > now) {
      if (key.place === 'delayed' && key.delayedUntil === head.until) return;
      key.place = 'delayed';
      key.delayedUntil = head.until;
      this.#delays.push(key, head.until);
      return;
    }
    if (!key.outstanding) {
      key.owner = undefined;
      if (key.place === 'ready') return;
      key.place = 'ready';
      this.#ready.push(key);
      return;
    }
    const owned =
      key.owner === undefined ? undefined : this.#owned.get(key.owner);
    if (owned === undefined) key.place = 'idle';
    else if (key.place !== 'owned') {
      key.place = 'owned';
      owned.push(key);
    }
  }

  /** The next message or key for a consumer, left in its place. */
  next(consumer: Consumer, ownedFirst: boolean): Entry | EntryKey | undefined {
    const key = this.#nextOwned(consumer);
    const ready = this.#nextReady();
    return ownedFirst ? (key ?? ready) : (ready ?? key);
  }

  /** Takes what {@link next} gave from its place; a key is placed anew when it has its run. */
  remove(source: Entry | EntryKey, consumer: Consumer): void {
    if (source instanceof Entry) {
      this.#ready.shift();
      return;
    }
    (source.place === 'owned'
      ? this.#owned.get(consumer)
      : this.#ready
    )?.shift();
    source.place = 'idle';
    source.owner = consumer;
  }

  /** Ends the delays that are over. */
  advance(now: number): void {
    for (
      let delayed = this.#delays.popDue(now);
      delayed !== undefined;
      delayed = this.#delays.popDue(now)
    )
      if (delayed instanceof Entry) this.add(delayed, now);
      else {
        delayed.place = 'idle';
        this.place(delayed, now);
      }
  }

  /** When {@link advance} is due next, in milliseconds since the epoch. */
  nextWake(): number | undefined {
    return this.#delays.next();
  }

  /** Frees what has ended at the front of the queue; it would grow for ever if nobody took from it. */
  forgetEnded(): void {
    this.#nextReady();
  }

  /** Forgets all but the consumers. */
  clear(): void {
    this.#keys.clear();
    this.#ready.clear();
    for (const owned of this.#owned.values()) owned.clear();
    this.#delays.clear();
  }

  #nextOwned(consumer: Consumer): EntryKey | undefined {
    const owned = this.#owned.get(consumer);
    let key = owned?.peek();
    while (
      key !== undefined &&
      (key.place !== 'owned' || key.owner !== consumer)
    ) {
      owned?.shift();
      key = owned?.peek();
    }
    return key;
  }

  #nextReady(): Entry | EntryKey | undefined {
    let ready = this.#ready.peek();
    while (
      ready !== undefined &&
      (ready instanceof Entry
        ? ready.state !== 'waiting'
        : ready.place !== 'ready')
    ) {
      this.#ready.shift();
      ready = this.#ready.peek();
    }
    return ready;
  }
}
