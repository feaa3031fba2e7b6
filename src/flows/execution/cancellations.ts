import type { DataSource } from 'typeorm';

import type { Logger } from '../../logger.ts';
import { RunCancelledError } from '../errors.ts';

/**
 * Milliseconds between two looks, while tasks run. A look is one statement of this process for all its runs, by their
 * keys. NOTIFY would tell sooner, but keeps nothing for who is away, so that it would be looked all the same; the
 * heartbeat of jobs comes each three seconds, which is long for a handler that costs money.
 */
const interval = 500;

/** Tells running tasks that their run was cancelled, whoever did it in whatever process. */
export class Cancellations {
  readonly #con: DataSource;
  readonly #running = new Map<string, Set<AbortController>>();
  #isLooking = false;

  constructor(con: DataSource) {
    this.#con = con;
  }

  /** Aborts the controller once the run is cancelled. @returns ends that */
  watch(run: string, controller: AbortController, logger: Logger): () => void {
    const controllers = this.#running.get(run) ?? new Set();
    this.#running.set(run, controllers.add(controller));
    if (!this.#isLooking) {
      this.#isLooking = true;
      setTimeout(() => void this.#look(logger), interval);
    }
    return () => {
      controllers.delete(controller);
      if (controllers.size === 0 && this.#running.get(run) === controllers)
        this.#running.delete(run);
    };
  }

  async #look(logger: Logger): Promise<void> {
    try {
      if (this.#running.size > 0) {
        const cancelled = await this.#con.manager.query<{ id: string }[]>(
          `select id from flow_run where id = any($1::uuid[]) and state = 'cancelled'`,
          [[...this.#running.keys()]],
        );
        for (const { id } of cancelled)
          for (const controller of this.#running.get(id) ?? [])
            controller.abort(new RunCancelledError(id));
      }
    } catch (error) {
      logger.warn(
        { err: error },
        'could not look for cancelled runs; trying again',
      );
    } finally {
      if (this.#running.size > 0)
        setTimeout(() => void this.#look(logger), interval);
      else this.#isLooking = false;
    }
  }
}
