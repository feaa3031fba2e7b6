/** Milliseconds between two lines where there is no terminal to write over. */
const pause = 5_000;

/** Tells on the standard error how far long work came: in one line on a terminal, now and then elsewhere. */
export class Progress {
  #toldAt = Date.now();
  #open = false;

  tell(text: string): void {
    if (process.stderr.isTTY) {
      process.stderr.write(`\r${text}\u001b[K`);
      this.#open = true;
      return;
    }
    const now = Date.now();
    if (now - this.#toldAt < pause) return;
    this.#toldAt = now;
    process.stderr.write(`${text}\n`);
  }

  /** Ends the line, so that what follows begins a new one. */
  end(): void {
    if (this.#open) process.stderr.write('\n');
    this.#open = false;
  }
}
