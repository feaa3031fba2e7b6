/** A time that something must end by; taken back when it has. What is to happen then, a subclass says. */
export abstract class Deadline {
  list: DeadlineList | undefined = undefined;
  previous: Deadline | undefined = undefined;
  next: Deadline | undefined = undefined;
  /** Monotonic, milliseconds. */
  due = 0;

  /** The time is up. */
  abstract passed(): void;

  clear(): void {
    this.list?.remove(this);
  }
}

/**
 * Deadlines of one duration. They fall due in the order in which they were set, so one timer for the
 * first is enough, and setting and taking back one is a matter of two pointers.
 */
class DeadlineList {
  #first: Deadline | undefined;
  #last: Deadline | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly milliseconds: number) {}

  add(deadline: Deadline, now: number): void {
    deadline.list = this;
    deadline.due = now + this.milliseconds;
    deadline.previous = this.#last;
    if (this.#last) this.#last.next = deadline;
    else this.#first = deadline;
    this.#last = deadline;
    if (!this.#timer) this.#arm(this.milliseconds);
  }

  remove(deadline: Deadline): void {
    const { previous, next } = deadline;
    if (previous) previous.next = next;
    else this.#first = next;
    if (next) next.previous = previous;
    else this.#last = previous;
    deadline.list = undefined;
    deadline.previous = undefined;
    deadline.next = undefined;
  }

  /** The timer of a first deadline that was taken back looks when it fires who is first now. */
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
      const first = this.#first;
      this.remove(first);
      first.passed();
    }
    if (this.#first) this.#arm(Math.max(1, Math.ceil(this.#first.due - now)));
  }
}

const lists = new Map<number, DeadlineList>();

/**
 * Sets a deadline, which calls back once the time is up, unless cleared before. A Node timer for each
 * message is several times as dear. Keeps no process alive.
 *
 * @param seconds one of few durations: those that workers declare.
 * @param now `performance.now()`, for callers that have asked already.
 */
export const setDeadline = (
  deadline: Deadline,
  seconds: number,
  now = performance.now(),
): void => {
  let list = lists.get(seconds);
  if (!list) lists.set(seconds, (list = new DeadlineList(seconds * 1_000)));
  list.add(deadline, now);
};
