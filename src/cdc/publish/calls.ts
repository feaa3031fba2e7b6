/** So many calls at once at most; those beyond wait in a line. */
export class Calls {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Runs now, or when its turn comes. Each `begin` has to be followed by one `end`. */
  begin(run: () => void): void {
    if (this.#running < this.#most) {
      this.#running += 1;
      run();
    } else {
      this.#waiting.push(run);
    }
  }

  end(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running -= 1;
  }
}
