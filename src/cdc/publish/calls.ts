/** Whoever waits for a turn. */
export interface Caller {
  /** Begins its call. @returns the bytes of it. */
  begin(): number;
}

/** So many calls at once at most, and so many bytes in them; those beyond wait in a line. */
export class Calls {
  readonly #most: number;
  readonly #mostBytes: number;
  readonly #waiting: Caller[] = [];
  #running = 0;
  #bytes = 0;

  /** @param mostBytes the call that reaches it still begins. */
  constructor(most: number, mostBytes = Infinity) {
    this.#most = most;
    this.#mostBytes = mostBytes;
  }

  /** Lets the caller begin now, or when its turn comes; it says `end` once afterwards. */
  wait(caller: Caller): void {
    this.#waiting.push(caller);
    this.#beginNext();
  }

  /** @param bytes the same that `begin` returned. */
  end(bytes: number): void {
    this.#running -= 1;
    this.#bytes -= bytes;
    this.#beginNext();
  }

  #beginNext(): void {
    while (
      this.#waiting.length > 0 &&
      this.#running < this.#most &&
      this.#bytes < this.#mostBytes
    ) {
      this.#running += 1;
      this.#bytes += this.#waiting.shift()!.begin();
    }
  }
}
