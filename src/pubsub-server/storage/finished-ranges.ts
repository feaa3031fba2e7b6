/** Messages of one holder that are finished: adjacent there, whatever other ids lie between theirs. */
interface Range {
  firstSequence: number;
  lastSequence: number;
  firstId: number;
  lastId: number;
  /** The id under which it is on disk, once it is. */
  savedAs: number | undefined;
}

/** What has to change on disk. */
export type RangeChange =
  | { readonly kind: 'add'; readonly firstId: number; readonly lastId: number }
  | {
      readonly kind: 'extend';
      readonly firstId: number;
      readonly lastId: number;
    }
  | { readonly kind: 'remove'; readonly firstId: number };

/**
 * Which messages of a subscription are finished, as runs of its sequence, so that a million
 * acknowledgements in order are one row, and which of the runs have changed since they were written.
 */
export class FinishedRanges {
  readonly #byFirst = new Map<number, Range>();
  readonly #byLast = new Map<number, Range>();
  #changed = new Set<Range>();
  #removed: number[] = [];

  get changed(): boolean {
    return this.#changed.size > 0 || this.#removed.length > 0;
  }

  /** A message that was not finished yet. */
  add(sequence: number, id: number): void {
    const before = this.#byLast.get(sequence - 1);
    const after = this.#byFirst.get(sequence + 1);
    if (before !== undefined) {
      this.#byLast.delete(before.lastSequence);
      before.lastSequence = sequence;
      before.lastId = id;
      if (after !== undefined) {
        this.#byFirst.delete(after.firstSequence);
        before.lastSequence = after.lastSequence;
        before.lastId = after.lastId;
        this.#changed.delete(after);
        if (after.savedAs !== undefined) this.#removed.push(after.savedAs);
      }
      this.#byLast.set(before.lastSequence, before);
      this.#changed.add(before);
    } else if (after !== undefined) {
      this.#byFirst.delete(after.firstSequence);
      after.firstSequence = sequence;
      after.firstId = id;
      this.#byFirst.set(sequence, after);
      this.#changed.add(after);
    } else {
      const range = {
        firstSequence: sequence,
        lastSequence: sequence,
        firstId: id,
        lastId: id,
        savedAs: undefined,
      };
      this.#byFirst.set(sequence, range);
      this.#byLast.set(sequence, range);
      this.#changed.add(range);
    }
  }

  /** What has changed since this was last asked, to be written in this order. */
  *takeChanges(): Generator<RangeChange> {
    for (const firstId of this.#removed) yield { kind: 'remove', firstId };
    this.#removed = [];
    const changed = this.#changed;
    this.#changed = new Set();
    // Before the additions: a range may now begin where another began when it was written.
    for (const { savedAs, firstId } of changed)
      if (savedAs !== undefined && savedAs !== firstId)
        yield { kind: 'remove', firstId: savedAs };
    for (const range of changed) {
      const { firstId, lastId, savedAs } = range;
      yield {
        kind: savedAs === firstId ? 'extend' : 'add',
        firstId,
        lastId,
      };
      range.savedAs = firstId;
    }
  }

  /** The sequence begins anew and nothing of it is finished; what is on disk is somebody else's to remove. */
  clear(): void {
    this.#byFirst.clear();
    this.#byLast.clear();
    this.#changed.clear();
    this.#removed = [];
  }
}
