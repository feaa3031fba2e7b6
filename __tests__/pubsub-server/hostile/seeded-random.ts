import { SEED } from '../../random/seed.ts';

/**
 * Random numbers that a seed brings back: xorshift32 of
 * https://www.jstatsoft.org/article/view/v008i14
 */
export class SeededRandom {
  readonly seed: number;
  #state: number;

  /** @param seed not 0; by default that of the run */
  constructor(seed = SEED) {
    this.seed = seed;
    this.#state = seed;
  }

  /** A whole number from 0 up to, and without, `below`. */
  integer(below: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) % below;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let index = 0; index < length; index += 1)
      bytes[index] = this.integer(256);
    return bytes;
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.integer(choices.length)];
    if (choice === undefined)
      throw new RangeError('expected something to pick from, got nothing');
    return choice;
  }
}
