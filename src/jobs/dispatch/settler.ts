import {
  setImmediate as nextTurn,
  setTimeout as delay,
} from 'node:timers/promises';

import type { Logger } from '../../logger.ts';
import type { JobStore, Outcome, Settled, Settlement } from '../port.ts';
import { UnwritableEndError } from './errors.ts';

/** Settlements written by one statement. */
const largestBatch = 500;
/** Milliseconds between two tries while the database is away, from one to the next, and how long it is tried in all. */
const shortestPause = 20;
const longestPause = 500;
const patience = 120_000;
const hurriedPatience = 3_000;

/** Data exceptions and exceeded limits: what was refused once is refused again. */
const refusal = /^(22|54)/;

const refusalOf = (error: unknown): string | undefined => {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' && refusal.test(code) ? code : undefined;
};

/** The end of a run whose own end cannot be written. What has completed cannot be tried again for that. */
const unwritable = (
  { id, fence, outcome }: Settlement,
  sqlState: string,
): Settlement => {
  const failed: Outcome = {
    type: 'failed',
    error: new UnwritableEndError(sqlState),
    permanent: outcome.type !== 'failed' || outcome.permanent,
  };
  return {
    id,
    fence,
    outcome: outcome.type === 'released' ? outcome : failed,
  };
};

interface Waiting {
  readonly settlement: Settlement;
  readonly resolve: (settled: Settled) => void;
}

/**
 * Writes the ends of jobs down, as many at once as there are while the last batch is written. While the
 * database is away it tries again: an end stays valid as long as nobody took the job over.
 */
export class Settler {
  readonly #store: JobStore;
  readonly #logger: Logger;
  readonly #waiting: Waiting[] = [];
  #isWriting = false;
  #patience = patience;

  constructor(store: JobStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** Never rejects: an end that could not be written is `lost`, and the job will be run again. */
  settle(settlement: Settlement): Promise<Settled> {
    return new Promise((resolve) => {
      this.#waiting.push({ settlement, resolve });
      if (!this.#isWriting) void this.#write();
    });
  }

  /** The process stops: what cannot be written soon is left to the processes that go on. */
  hurry(): void {
    this.#patience = hurriedPatience;
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    // Whatever else ends in this turn of the event loop comes along.
    await nextTurn();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, largestBatch);
      const settled = await this.#persist(batch.map((each) => each.settlement));
      for (const [index, { resolve }] of batch.entries())
        resolve(settled[index] ?? 'lost');
    }
    this.#isWriting = false;
  }

  async #persist(given: readonly Settlement[]): Promise<Settled[]> {
    const since = performance.now();
    let batch = given;
    for (let pause = shortestPause; ; pause = Math.min(2 * pause, longestPause))
      try {
        return await this.#store.settle(batch);
      } catch (error) {
        if (performance.now() - since > this.#patience) {
          this.#logger.error(
            { err: error, jobs: batch.map(({ id }) => id) },
            'the ends of jobs could not be written; they will be run again',
          );
          return batch.map(() => 'lost');
        }
        if (batch.length > 1) return this.#separately(batch);
        const sqlState = refusalOf(error);
        if (sqlState !== undefined && batch === given) {
          batch = given.map((each) => unwritable(each, sqlState));
          continue;
        }
        this.#logger.warn(
          { err: error, jobId: batch[0]?.id },
          'the end of a job could not be written; trying again',
        );
        await delay(pause);
      }
  }

  /** One that cannot be written must not keep the others. */
  async #separately(batch: readonly Settlement[]): Promise<Settled[]> {
    return Promise.all(
      batch.map(async (each) => (await this.#persist([each]))[0] ?? 'lost'),
    );
  }
}
