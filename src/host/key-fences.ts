/**
 * After a key was given back, messages of it that the broker had already sent may still arrive,
 * ahead of the head that comes again. A fence turns them away until that head is back.
 */
export class KeyFences {
  readonly #fences = new Map<string, { messageId: string; until: number }>();
  readonly #milliseconds: number;

  /** @param milliseconds what the broker sent before it knew arrives within this time. */
  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /** The key was given back with this message at its head. */
  raise(key: string, messageId: string): void {
    const now = Date.now();
    for (const [other, { until }] of this.#fences)
      if (until <= now) this.#fences.delete(other);
    this.#fences.set(key, { messageId, until: now + this.#milliseconds });
  }

  /** Whether the message may be the head of its key. */
  admit(key: string, messageId: string): boolean {
    const fence = this.#fences.get(key);
    if (!fence) return true;
    if (fence.messageId !== messageId && fence.until > Date.now()) return false;
    this.#fences.delete(key);
    return true;
  }
}
