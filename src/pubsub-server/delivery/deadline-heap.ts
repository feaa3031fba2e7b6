interface Deadline<T> {
  at: number;
  readonly item: T;
}

/**
 * Deadlines, earliest first. Nothing is done when a deadline is met or put off: the owner is asked
 * what became of one as it surfaces, and of all at once when there are many.
 */
export class DeadlineHeap<T> {
  #heap: Deadline<T>[] = [];
  readonly #standing: (item: T, at: number) => number | undefined;
  #compactAt = 1024;

  /**
   * @param standing what the deadline that was pushed with `at` is by now: the same, a later one,
   *   with which it stands from then on, or undefined if it is void
   */
  constructor(standing: (item: T, at: number) => number | undefined) {
    this.#standing = standing;
  }

  push(item: T, at: number): void {
    if (this.#heap.length >= this.#compactAt) this.#compact();
    const heap = this.#heap;
    const added = { at, item };
    heap.push(added);
    let index = heap.length - 1;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || parent.at <= at) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = added;
  }

  /** The earliest deadline that still stands, in the unit it was pushed with. */
  next(): number | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined) return undefined;
      const at = this.#standing(top.item, top.at);
      if (at === top.at) return at;
      if (at === undefined) this.#removeTop();
      else {
        top.at = at;
        this.#siftDown(top, 0);
      }
    }
  }

  /** Takes one item whose deadline is `now` or earlier. */
  popDue(now: number): T | undefined {
    const at = this.next();
    if (at === undefined || at > now) return undefined;
    return this.#removeTop();
  }

  clear(): void {
    this.#heap = [];
  }

  #removeTop(): T | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#siftDown(last, 0);
    return top?.item;
  }

  #siftDown(moved: Deadline<T>, start: number): void {
    const heap = this.#heap;
    let index = start;
    for (;;) {
      let childIndex = index * 2 + 1;
      let child = heap[childIndex];
      if (child === undefined) break;
      const right = heap[childIndex + 1];
      if (right !== undefined && right.at < child.at) {
        child = right;
        childIndex += 1;
      }
      if (child.at >= moved.at) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = moved;
  }

  #compact(): void {
    this.#heap = this.#heap
      .filter((deadline) => {
        const at = this.#standing(deadline.item, deadline.at);
        deadline.at = at ?? 0;
        return at !== undefined;
      })
      .sort((left, right) => left.at - right.at);
    this.#compactAt = Math.max(1024, this.#heap.length * 2);
  }
}
