import { shortened } from '../../dead-letters/text.ts';
import type { Settlement } from '../port.ts';

/** Lines kept of one attempt, and characters of each. */
export const mostLines = 200;
export const longestLine = 500;

/** What a run tells of itself, until the next heartbeat or its end takes it along. */
export class Notes {
  #progress: Settlement['progress'];
  readonly #log: string[] = [];
  #isNews = false;

  progress(fraction: number, at?: string): void {
    this.#progress = {
      fraction: Math.min(1, Math.max(0, Number.isNaN(fraction) ? 0 : fraction)),
      ...(at !== undefined && { at: shortened(at, longestLine) }),
    };
    this.#isNews = true;
  }

  log(line: string): void {
    if (this.#log.length > mostLines) return;
    this.#log.push(
      this.#log.length === mostLines
        ? `(more than ${mostLines} lines; the rest is not kept)`
        : shortened(line, longestLine),
    );
    this.#isNews = true;
  }

  /** Everything told so far; nothing if that was taken before. */
  take(): Pick<Settlement, 'progress' | 'log'> {
    if (!this.#isNews) return {};
    this.#isNews = false;
    return {
      ...(this.#progress && { progress: this.#progress }),
      log: [...this.#log],
    };
  }

  /** What was taken could not be written. */
  putBack(): void {
    this.#isNews = this.#progress !== undefined || this.#log.length > 0;
  }
}
