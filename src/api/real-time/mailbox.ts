/**
 * What waits for one reader. Unlike an async generator it ends at once when told to, even while
 * the reader waits for the next item.
 */
export class Mailbox<Item> implements AsyncIterableIterator<Item> {
  readonly #items: Item[] = [];
  #reader: ((result: IteratorResult<Item, undefined>) => void) | undefined;
  #ended = false;

  constructor(
    /** Items that may wait. A reader that is further behind is cut off. */
    private readonly capacity: number,
    private readonly onEnd: () => void,
  ) {}

  /** Ends the mailbox when it is full: a gap must not go unnoticed. */
  push(item: Item): void {
    if (this.#ended) return;
    const reader = this.#reader;
    if (reader) {
      this.#reader = undefined;
      reader({ value: item, done: false });
    } else if (this.#items.length < this.capacity) this.#items.push(item);
    else this.end();
  }

  /** What waits is still read; then the reader is told that it was the last. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reader?.({ value: undefined, done: true });
    this.#reader = undefined;
    this.onEnd();
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    const item = this.#items.shift();
    if (item !== undefined)
      return Promise.resolve({ value: item, done: false });
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }

  return(): Promise<IteratorResult<Item, undefined>> {
    this.#items.length = 0;
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Turns every item into another; those turned into `undefined` are left out. */
export const mapItems = <Item, Other>(
  source: AsyncIterableIterator<Item>,
  map: (item: Item) => Promise<Other | undefined>,
): AsyncIterableIterator<Other> => ({
  next: async () => {
    for (;;) {
      const result = await source.next();
      if (result.done) return { value: undefined, done: true };
      const value = await map(result.value);
      if (value !== undefined) return { value, done: false };
    }
  },
  return: async () => {
    await source.return?.();
    return { value: undefined, done: true };
  },
  [Symbol.asyncIterator]() {
    return this;
  },
});
