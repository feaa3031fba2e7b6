export interface AbandonedHandlersOptions {
  /** Handlers that may run on before it is too many; few enough again are half of them. */
  readonly most: number;
  readonly onCount: (running: number) => void;
  readonly onOverload: (overloaded: boolean) => void;
}

/** Handlers that run on after their time was up: counted, because nothing can end them. */
export class AbandonedHandlers {
  readonly #options: AbandonedHandlersOptions;
  #running = 0;
  #overloaded = false;

  constructor(options: AbandonedHandlersOptions) {
    this.#options = options;
  }

  /** More run on than may, or not few enough again since. */
  get overloaded(): boolean {
    return this.#overloaded;
  }

  /** @param handler resolves when it has ended */
  add(handler: Promise<void>): void {
    const { most, onOverload } = this.#options;
    this.#count(1);
    if (!this.#overloaded && this.#running > most) {
      this.#overloaded = true;
      onOverload(true);
    }
    void handler.then(() => {
      this.#count(-1);
      if (!this.#overloaded || this.#running > most / 2) return;
      this.#overloaded = false;
      onOverload(false);
    });
  }

  #count(change: number): void {
    this.#running += change;
    this.#options.onCount(this.#running);
  }
}
