import { randomBytes } from 'node:crypto';

import type { IdGenerator } from '@opentelemetry/sdk-trace-node';

/** Digits made at once. */
const DIGITS = 8_192;
const TRACE_ID_DIGITS = 32;
const SPAN_ID_DIGITS = 16;

/**
 * Ids of traces and spans, cut from a supply of random digits. Every message needs one of each even if
 * its trace is not sampled, and making each for itself is several times as dear.
 */
export class RandomIds implements IdGenerator {
  #supply = '';
  #used = 0;

  generateTraceId(): string {
    return this.#take(TRACE_ID_DIGITS);
  }

  generateSpanId(): string {
    return this.#take(SPAN_ID_DIGITS);
  }

  #take(digits: number): string {
    if (this.#used + digits > this.#supply.length) {
      this.#supply = randomBytes(DIGITS / 2).toString('hex');
      this.#used = 0;
    }
    return this.#supply.slice(this.#used, (this.#used += digits));
  }
}
