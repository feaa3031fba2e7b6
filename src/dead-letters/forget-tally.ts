/** Where payloads are kept. */
export type Place =
  'desk' | 'outbox' | 'flows' | 'jobs' | 'archive' | 'changes';

/** What was found in the payloads of one topic. */
export interface ForgetCount {
  readonly place: Place;
  readonly topic: string;
  /** Payloads that name the user where those of the topic do. */
  readonly named: number;
  /** Payloads that hold the id anywhere else. */
  readonly mentioned: number;
}

/** Counts what was found by place and topic, and what was erased. */
export class Tally {
  readonly #counts = new Map<string, ForgetCount>();
  erased = 0;
  /** Jobs and flows that ran and were left. */
  running = 0;

  add(place: Place, topic: string, named: boolean): void {
    const key = JSON.stringify([place, topic]);
    const count = this.#counts.get(key) ?? {
      place,
      topic,
      named: 0,
      mentioned: 0,
    };
    this.#counts.set(key, {
      ...count,
      named: count.named + (named ? 1 : 0),
      mentioned: count.mentioned + (named ? 0 : 1),
    });
  }

  get found(): ForgetCount[] {
    return [...this.#counts.values()];
  }

  total(kind: 'named' | 'mentioned'): number {
    return this.found.reduce((sum, count) => sum + count[kind], 0);
  }
}
