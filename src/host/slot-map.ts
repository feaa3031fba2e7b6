/**
 * A map that much passes through. V8 leaves the table that a `Map` has outgrown pointing to the next
 * one; once such a table is in the old generation, it keeps the next ones alive and all that they hold,
 * so that every message survived its collection and had to be copied. Here the table holds numbers only.
 */
export class SlotMap<Value> {
  readonly #slots = new Map<string, number>();
  readonly #values: (Value | undefined)[] = [];
  readonly #free: number[] = [];

  get(key: string): Value | undefined {
    const slot = this.#slots.get(key);
    return slot === undefined ? undefined : this.#values[slot];
  }

  /** Adds what is not there yet. */
  add(key: string, value: Value): void {
    const slot = this.#free.pop() ?? this.#values.length;
    this.#slots.set(key, slot);
    this.#values[slot] = value;
  }

  delete(key: string): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    this.#slots.delete(key);
    this.#values[slot] = undefined;
    this.#free.push(slot);
  }

  /** All values, in no order. */
  values(): Value[] {
    return this.#values.filter((value) => value !== undefined);
  }
}
