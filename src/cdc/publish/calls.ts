/** So many calls at once at most, and so many bytes in them; those beyond wait in a line. */
export class Calls {
  readonly #most: number;
  readonly #mostBytes: number;
  readonly #waiting: (() => number)[] = [];
  #running = 0;
  #bytes = 0;

  /** @param mostBytes the call that reaches it still begins. */
  constructor(most: number, mostBytes = Infinity) {
    this.#most = most;
    this.#mostBytes = mostBytes;
  }

  /**
   * Runs now, or when its turn comes. Each `begin` has to be followed by one `end`, with the same bytes.
   *
   * @param run returns the bytes of the call.
   */
  begin(run: () => number): void {
    this.#waiting.push(run);
    this.#beginNext();
  }

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
      this.#bytes += this.#waiting.shift()!();
    }
  }
}
