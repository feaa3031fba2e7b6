interface Deadline<T> {
  readonly at: number;
  readonly item: T;
}

/**
 * Deadlines, earliest first. Nothing is removed when a deadline is met or moved: the owner says
 * whether one still stands, stale ones are dropped as they surface, and all of them at once
 * when they outnumber the standing ones.
 */
export class DeadlineHeap<T> {
  #heap: Deadline<T>[] = [];
  readonly #stands: (item: T, at: number) => boolean;
  #compactAt = 1024;

  constructor(stands: (item: T, at: number) => boolean) {
    this.#stands = stands;
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
      if (this.#stands(top.item, top.at)) return top.at;
      this.#removeTop();
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
      .filter(({ item, at }) => this.#stands(item, at))
      .sort((left, right) => left.at - right.at);
    this.#compactAt = Math.max(1024, this.#heap.length * 2);
  }
}
