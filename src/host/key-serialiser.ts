import { Fifo } from './fifo.ts';

/**
 * Lets one item of each key be at its head and keeps the others behind it in order of arrival.
 * The client does not: it hands out every message of a key as it arrives.
 */
export class KeySerialiser<Item> {
  readonly #queues = new Map<string, Fifo<Item>>();

  /** Keys that hold at least one item. */
  get keys(): readonly string[] {
    return [...this.#queues.keys()];
  }

  head(key: string): Item | undefined {
    return this.#queues.get(key)?.first;
  }

  /** @returns whether the item is at the head at once. */
  enter(key: string, item: Item): boolean {
    const queue = this.#queues.get(key);
    if (queue) {
      queue.push(item);
      return false;
    }
    const first = new Fifo<Item>();
    first.push(item);
    this.#queues.set(key, first);
    return true;
  }

  /** The head is settled. @returns the new head; `undefined` if the key is free now. */
  advance(key: string): Item | undefined {
    const queue = this.#queues.get(key);
    queue?.shift();
    const next = queue?.first;
    if (next === undefined) this.#queues.delete(key);
    return next;
  }

  /** Takes every item of a key out, the head first, and frees the key. */
  clear(key: string): Item[] {
    const items = this.#queues.get(key)?.clear() ?? [];
    this.#queues.delete(key);
    return items;
  }
}
