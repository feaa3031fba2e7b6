import { setImmediate as nextTurn } from 'node:timers/promises';

/** Items of one statement. */
const largestBatch = 500;

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Does what many ask for at once in one statement: as many as there are while the last one is under way. */
export class Batcher<Item, Result> {
  readonly #work: (items: readonly Item[]) => Promise<readonly Result[]>;
  #waiting: Waiting<Item, Result>[] = [];
  #isWorking = false;

  /** @param work one result for each item, in their order */
  constructor(work: (items: readonly Item[]) => Promise<readonly Result[]>) {
    this.#work = work;
  }

  /** @throws what the work throws for this item */
  ask(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#isWorking) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isWorking = true;
    // Whatever else is asked in this turn of the event loop comes along.
    await nextTurn();
    while (this.#waiting.length > 0)
      await this.#do(this.#waiting.splice(0, largestBatch));
    this.#isWorking = false;
  }

  async #do(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#work(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries())
        resolve(results[index]!);
    } catch (error) {
      // One that cannot be done must not keep the others.
      if (batch.length > 1)
        await Promise.all(batch.map((each) => this.#do([each])));
      else batch[0]!.reject(error);
    }
  }
}
