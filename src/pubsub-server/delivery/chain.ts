/** What can stand in one {@link Chain} at a time; the links belong to the chain. */
export interface Link<T> {
  previous: T | undefined;
  next: T | undefined;
}

/**
 * A list whose items carry its links: it takes no room of its own, and an item leaves it in
 * constant time wherever it stands.
 */
export class Chain<T extends Link<T>> {
  first: T | undefined = undefined;
  last: T | undefined = undefined;

  push(item: T): void {
    item.previous = this.last;
    if (this.last === undefined) this.first = item;
    else this.last.next = item;
    this.last = item;
  }

  unshift(item: T): void {
    item.next = this.first;
    if (this.first === undefined) this.last = item;
    else this.first.previous = item;
    this.first = item;
  }

  /** An item of this chain. */
  remove(item: T): void {
    if (item.previous === undefined) this.first = item.next;
    else item.previous.next = item.next;
    if (item.next === undefined) this.last = item.previous;
    else item.next.previous = item.previous;
    item.previous = undefined;
    item.next = undefined;
  }
}
