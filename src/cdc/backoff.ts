import { setTimeout as delay } from 'node:timers/promises';

export interface BackoffOptions {
  /** Milliseconds. @default 100 */
  readonly minimum?: number;
  /** Milliseconds. @default 10000 */
  readonly maximum?: number;
}

/** Growing pauses between attempts: doubled each time, shortened at random by up to a half. */
export class Backoff {
  readonly #minimum: number;
  readonly #maximum: number;
  #attempts = 0;

  constructor({ minimum = 100, maximum = 10_000 }: BackoffOptions = {}) {
    this.#minimum = minimum;
    this.#maximum = maximum;
  }

  reset(): void {
    this.#attempts = 0;
  }

  /** Waits; returns at once when the signal is aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    const full = Math.min(
      this.#maximum,
      this.#minimum * 2 ** Math.min(this.#attempts, 30),
    );
    this.#attempts += 1;
    await delay(full * (0.5 + Math.random() / 2), undefined, { signal }).catch(
      () => undefined,
    );
  }
}
