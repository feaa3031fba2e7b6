/** One job queue under measurement, with its database ready. */
export interface Contender extends AsyncDisposable {
  readonly name: string;
  /** Creates one job and returns once it is there for good. */
  add(number: number): Promise<void>;
  /** Creates many at once, as the library means it. */
  addMany(numbers: readonly number[]): Promise<void>;
  /** Runs jobs; `done` is called by each handler, which does nothing else. */
  work(
    concurrency: number,
    done: (number: number) => void,
  ): Promise<{ stop(): Promise<void> }>;
}

/** What contenders are given. */
export interface Places {
  /** An empty database of their own. */
  readonly postgres: string;
  readonly redis: { readonly host: string; readonly port: number } | undefined;
}
