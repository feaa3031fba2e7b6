export interface LivenessOptions {
  /** While something is waited for and nothing comes for so long, the peer is asked, in milliseconds. */
  readonly silence: number;
  /** How long it may take to answer, in milliseconds. */
  readonly patience: number;
}

/** Whether a peer is there: a connection to one that is gone without a word looks as one that is quiet. */
export class Liveness {
  readonly #options: LivenessOptions;
  #heardAt = performance.now();
  /** The peer had nothing to say before. */
  #waitingSince = 0;
  #askedAt: number | undefined;

  constructor(options: LivenessOptions) {
    this.#options = options;
  }

  /** Something came; whatever it is, it answers. */
  heard(): void {
    this.#heardAt = performance.now();
  }

  /** From now on something is waited for. */
  waiting(): void {
    this.#waitingSince = performance.now();
  }

  /**
   * @param now of `performance.now()`
   * @param waits whether something is waited for
   * @returns `ask` when the peer is to be asked now, `gone` when it did not answer
   */
  look(now: number, waits: boolean): 'ask' | 'gone' | undefined {
    const { silence, patience } = this.#options;
    if (this.#askedAt !== undefined) {
      if (this.#heardAt > this.#askedAt) this.#askedAt = undefined;
      else if (now - this.#askedAt > patience) return 'gone';
      return undefined;
    }
    if (!waits || now - Math.max(this.#heardAt, this.#waitingSince) <= silence)
      return undefined;
    this.#askedAt = now;
    return 'ask';
  }
}
