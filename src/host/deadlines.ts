/** One time that something must end by; taken back when it has. */
export interface Deadline {
  clear(): void;
}

class Entry implements Deadline {
  previous: Entry | undefined;
  next: Entry | undefined;

  constructor(
    readonly list: DeadlineList,
    readonly due: number,
    readonly passed: () => void,
  ) {}

  clear(): void {
    this.list.remove(this);
  }
}

/**
 * Deadlines of one duration. They fall due in the order in which they were set, so one timer for the
 * first is enough, and setting and taking back one is a matter of two pointers.
 */
class DeadlineList {
  #first: Entry | undefined;
  #last: Entry | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly milliseconds: number) {}

  add(passed: () => void): Entry {
    const entry = new Entry(
      this,
      performance.now() + this.milliseconds,
      passed,
    );
    entry.previous = this.#last;
    if (this.#last) this.#last.next = entry;
    else this.#first = entry;
    this.#last = entry;
    if (!this.#timer) this.#arm(this.milliseconds);
    return entry;
  }

  remove(entry: Entry): void {
    const { previous, next } = entry;
    if (previous) previous.next = next;
    else if (this.#first === entry) this.#first = next;
    else return;
    if (next) next.previous = previous;
    else this.#last = previous;
    entry.previous = undefined;
    entry.next = undefined;
  }

  /** The timer of a first entry that was taken back looks when it fires who is first now. */
  #arm(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#expire();
    }, milliseconds);
    this.#timer.unref();
  }

  #expire(): void {
    const now = performance.now();
    while (this.#first && this.#first.due <= now) {
      const { passed } = this.#first;
      this.remove(this.#first);
      passed();
    }
    if (this.#first) this.#arm(Math.max(1, Math.ceil(this.#first.due - now)));
  }
}

const lists = new Map<number, DeadlineList>();

/**
 * Calls back once the time is up, unless cleared before. A Node timer for each message is several
 * times as dear. Keeps no process alive.
 *
 * @param seconds one of few durations: those that workers declare.
 */
export const setDeadline = (seconds: number, passed: () => void): Deadline => {
  let list = lists.get(seconds);
  if (!list) lists.set(seconds, (list = new DeadlineList(seconds * 1_000)));
  return list.add(passed);
};
