import type { StoredMessage } from '../message.ts';

/** Consecutive batches that are deleted together. */
export interface DeadRun {
  /** Ids of the first messages of the first and of the last batch. */
  readonly from: number;
  readonly to: number;
}

/** How much is deleted in one transaction, so that it holds nobody up for long. */
const RUN_BATCHES = 2000;
const RUN_BYTES = 16 * 1024 * 1024;

/** Which of the batches on disk somebody still holds a message of. */
export class Marks {
  readonly #index: BatchIndex;
  readonly #marked: Uint8Array;
  /** Messages looked at so far. */
  messages = 0;

  constructor(index: BatchIndex) {
    this.#index = index;
    this.#marked = new Uint8Array(index.length);
  }

  /** Number of batches that are looked at: those there were at the beginning. */
  get length(): number {
    return this.#marked.length;
  }

  /** @param messages in publish order, or nearly so */
  mark(messages: Iterable<StoredMessage>): void {
    let place = 0;
    for (const { id } of messages) {
      this.messages += 1;
      place = this.#index.placeOf(Number(id), place);
      if (place < this.#marked.length) this.#marked[place] = 1;
    }
  }

  isMarked(place: number): boolean {
    return this.#marked[place] === 1;
  }
}

/** The batches on disk, in the order of their ids: 24 bytes each. */
export class BatchIndex {
  #firstIds: number[] = [];
  #counts: number[] = [];
  #sizes: number[] = [];

  get length(): number {
    return this.#firstIds.length;
  }

  /** @param size of the request in bytes */
  add(firstId: number, count: number, size: number): void {
    this.#firstIds.push(firstId);
    this.#counts.push(count);
    this.#sizes.push(size);
  }

  /** Where the batch of a message stands; past the end if it is in none. Quick near `guess`. */
  placeOf(id: number, guess: number): number {
    if (this.#isAt(id, guess)) return guess;
    if (this.#isAt(id, guess + 1)) return guess + 1;
    let low = 0;
    let high = this.#firstIds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#firstIds[middle] ?? 0) <= id) low = middle + 1;
      else high = middle;
    }
    return this.#isAt(id, low - 1) ? low - 1 : this.#firstIds.length;
  }

  /** Forgets what is not marked, and says in runs of bounded size what that was. */
  sweep(marks: Marks): DeadRun[] {
    const runs: DeadRun[] = [];
    const firstIds: number[] = [];
    const counts: number[] = [];
    const sizes: number[] = [];
    let from: number | undefined;
    let to = 0;
    let batches = 0;
    let bytes = 0;
    const endRun = (): void => {
      if (from !== undefined) runs.push({ from, to });
      from = undefined;
      batches = 0;
      bytes = 0;
    };
    for (const [place, firstId] of this.#firstIds.entries()) {
      const size = this.#sizes[place] ?? 0;
      if (place >= marks.length || marks.isMarked(place)) {
        endRun();
        firstIds.push(firstId);
        counts.push(this.#counts[place] ?? 0);
        sizes.push(size);
        continue;
      }
      from ??= firstId;
      to = firstId;
      batches += 1;
      bytes += size;
      if (batches >= RUN_BATCHES || bytes >= RUN_BYTES) endRun();
    }
    endRun();
    this.#firstIds = firstIds;
    this.#counts = counts;
    this.#sizes = sizes;
    return runs;
  }

  #isAt(id: number, place: number): boolean {
    const firstId = this.#firstIds[place];
    return (
      firstId !== undefined &&
      firstId <= id &&
      id < firstId + (this.#counts[place] ?? 0)
    );
  }
}
