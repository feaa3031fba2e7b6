/**
 * The ack ids that were acknowledged last. A client that had no answer, or one that told it to send again what
 * stood beside ids that did not, asks a second time, and the answer is yes again.
 */
export class AcknowledgedIds {
  readonly #ids = new Set<string>();
  readonly #most: number;

  /** @param most how many are kept; the oldest goes first */
  constructor(most = 10_000) {
    this.#most = most;
  }

  add(ackIds: readonly string[]): void {
    for (const ackId of ackIds) this.#ids.add(ackId);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= this.#most) break;
      this.#ids.delete(oldest);
    }
  }

  has(ackId: string): boolean {
    return this.#ids.has(ackId);
  }
}
