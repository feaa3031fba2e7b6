/** All are kept. */
const whole = 65_536;

/** The last characters, of which those of a UUID are random: 16 bits that each event has for good. */
const placeOf = (id: string): number => {
  let hash = 0x811c9dc5;
  for (let index = Math.max(0, id.length - 12); index < id.length; index += 1)
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  return (hash ^ (hash >>> 16)) & 0xffff;
};

/**
 * Chooses which of many events are kept, so that about as many are kept in each turn as permitted. The choice falls
 * by the event's id: whatever is in a smaller share is in every larger one, too, so that what one
 * subscription, or process, keeps of an event the others keep with it.
 */
export class Sampler {
  #threshold = whole;
  #kept = 0;

  /** @param permitted events to keep in one turn */
  constructor(readonly permitted: number) {}

  /** The share that is kept now: over 0, at most 1. */
  get share(): number {
    return this.#threshold / whole;
  }

  keeps(id: string): boolean {
    if (this.#threshold < whole && placeOf(id) >= this.#threshold) return false;
    this.#kept += 1;
    if (this.#kept > this.permitted && this.#threshold > 1) {
      this.#threshold /= 2;
      this.#kept /= 2;
    }
    return true;
  }

  /** Begins the next turn, with a larger share if there was much room left. */
  turn(): void {
    if (this.#kept < this.permitted / 4 && this.#threshold < whole)
      this.#threshold *= 2;
    this.#kept = 0;
  }
}
