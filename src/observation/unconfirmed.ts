/** Positions kept at most. */
const most = 500;

interface Seen {
  readonly position: bigint;
  /** Milliseconds, monotonic. */
  readonly at: number;
}

/**
 * Knows since when a log holds what its reader has not confirmed. Positions have no time of their
 * own; so those that were seen are remembered until they are confirmed. What was written before the
 * first look counts from that look on: the answer is a lower bound, and never a false alarm.
 */
export class Unconfirmed {
  /** Ascending in both. */
  #seen: Seen[] = [];
  /** Milliseconds between two that are kept. */
  #spacing = 0;

  /**
   * Takes note of where the log ends and what of it is confirmed.
   *
   * @returns seconds for which something has been waiting; 0 if nothing is.
   */
  look(end: bigint, confirmed: bigint, now = performance.now()): number {
    this.#seen = this.#seen.filter(({ position }) => position > confirmed);
    // A log that ends before what was seen is another one: a restored database.
    if (end < (this.#seen.at(-1)?.position ?? end)) this.#seen = [];
    if (this.#seen.length === 0) this.#spacing = 0;
    const last = this.#seen.at(-1);
    if (end > confirmed && (!last || this.#isNews(last, end, now)))
      this.#seen.push({ position: end, at: now });
    if (this.#seen.length > most) this.#thin();
    const [oldest] = this.#seen;
    return oldest ? (now - oldest.at) / 1_000 : 0;
  }

  #isNews(last: Seen, end: bigint, now: number): boolean {
    return end > last.position && now - last.at >= this.#spacing;
  }

  /** Every other one goes, and what comes is kept as far apart as what stays. */
  #thin(): void {
    const first = this.#seen.at(0)?.at ?? 0;
    const last = this.#seen.at(-1)?.at ?? 0;
    this.#seen = this.#seen.filter((_, index) => index % 2 === 0);
    this.#spacing = (last - first) / this.#seen.length;
  }
}
