import { Deque } from '../delivery/deque.ts';
import type { StoredMessage } from '../message.ts';

/** Messages in publish order, kept for those who may want them again and forgotten from the front. */
export class MessageLog {
  readonly #messages = new Deque<StoredMessage>();

  get size(): number {
    return this.#messages.length;
  }

  add(message: StoredMessage): void {
    this.#messages.push(message);
  }

  /** Forgets what was published before a moment, in milliseconds since the epoch. */
  forgetBefore(publishTime: number): void {
    for (
      let oldest = this.#messages.peek();
      oldest !== undefined && oldest.publishTime < publishTime;
      oldest = this.#messages.peek()
    )
      this.#messages.shift();
  }

  [Symbol.iterator](): Iterator<StoredMessage> {
    return this.#messages[Symbol.iterator]();
  }
}

/** The messages of several sources, each in publish order, in publish order and each once. */
export const mergeMessages = (
  ...sources: readonly Iterable<StoredMessage>[]
): StoredMessage[] => {
  const byId = new Map<string, StoredMessage>();
  for (const source of sources)
    for (const message of source) byId.set(message.id, message);
  return [...byId.values()].sort(
    (left, right) => Number(left.id) - Number(right.id),
  );
};
