import { JournalWriteError } from './errors.ts';
import type { Job } from './job.ts';

/** What writes jobs one after the other; {@link WriterClient} in life. */
export interface JobWriter {
  /** @returns why it could not be written, if it could not */
  write(job: Job): Promise<string | undefined>;
  /** Writes the job that failed once more. */
  retry(): Promise<string | undefined>;
}

/** How long after a failure writing is tried again, in milliseconds. */
const RETRY_INTERVAL = 1000;

/**
 * Writes everything that came together while the last job was on its way as one job, so that many
 * callers share one wait for the disk.
 */
export class GroupCommit {
  readonly #writer: JobWriter;
  /** Takes what has to be written; undefined if there is nothing. */
  readonly #take: () => Job | undefined;
  /** The job that is being written, and the one after it. */
  #current: Promise<void> | undefined;
  #next: PromiseWithResolvers<void> | undefined;
  #failure: JournalWriteError | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(writer: JobWriter, take: () => Job | undefined) {
    this.#writer = writer;
    this.#take = take;
  }

  get failure(): JournalWriteError | undefined {
    return this.#failure;
  }

  /** There is something to write: it is, at the end of this turn or when the job before is done. */
  schedule(): void {
    if (this.#next !== undefined) return;
    this.#next = Promise.withResolvers();
    // Whoever does not wait for it learns of a failure by the next one who does.
    this.#next.promise.catch(() => undefined);
    if (this.#current === undefined && this.#failure === undefined)
      setImmediate(() => {
        this.#begin();
      });
  }

  /** @throws JournalWriteError */
  settled(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#next?.promise ?? this.#current ?? Promise.resolve();
  }

  /**
   * Waits for everything scheduled; what failed is tried once more at once.
   *
   * @throws JournalWriteError
   */
  async finish(): Promise<void> {
    clearTimeout(this.#retry);
    if (this.#failure !== undefined) await this.#tryAgain();
    clearTimeout(this.#retry);
    await this.settled();
  }

  #begin(): void {
    const next = this.#next;
    if (next === undefined || this.#current !== undefined) return;
    this.#next = undefined;
    const job = this.#take();
    if (job === undefined) {
      next.resolve();
      return;
    }
    this.#current = next.promise;
    void this.#writer.write(job).then((reason) => {
      this.#current = undefined;
      if (reason === undefined) {
        next.resolve();
        this.#begin();
        return;
      }
      const failure = this.#fail(reason);
      next.reject(failure);
      // They come after what is not written, and wait no longer than it.
      this.#next?.reject(failure);
      this.#next = undefined;
    });
  }

  #fail(reason: string): JournalWriteError {
    if (this.#failure === undefined) {
      this.#failure = new JournalWriteError(reason);
      process.emitWarning(this.#failure);
    }
    this.#retry = setTimeout(() => void this.#tryAgain(), RETRY_INTERVAL);
    this.#retry.unref();
    return this.#failure;
  }

  async #tryAgain(): Promise<void> {
    const reason = await this.#writer.retry();
    if (reason !== undefined) {
      this.#fail(reason);
      return;
    }
    this.#failure = undefined;
    // Those who waited were refused; what they told is written now, for whoever comes.
    this.schedule();
    this.#begin();
  }
}
