import type { Delivery } from './delivery.ts';

/** Odd, so that every character counts in every bit above it. */
const FACTOR = 31;

const hashOf = (messageId: string): number => {
  let hash = 0;
  for (let index = 0; index < messageId.length; index += 1)
    hash = (Math.imul(hash, FACTOR) + messageId.charCodeAt(index)) | 0;
  return hash;
};

/**
 * The deliveries of a subscription by their message ids, chained through the deliveries themselves.
 *
 * Not a `Map`: V8 leaves the table that a map has outgrown pointing to the next one. Once such a table is
 * in the old generation it keeps all later ones alive and what they hold, so every message survived its
 * collection and was copied, which was a quarter of the host's work.
 */
export class DeliveryTable {
  readonly #chains: (Delivery | undefined)[];

  /** @param capacity deliveries that it is made for; more are found more slowly. */
  constructor(capacity: number) {
    const chains = 2 ** Math.ceil(Math.log2(Math.max(1, capacity)));
    this.#chains = Array.from({ length: chains }, () => undefined);
  }

  get(messageId: string): Delivery | undefined {
    let delivery = this.#chains[this.#chainOf(messageId)];
    while (delivery && delivery.messageId !== messageId)
      delivery = delivery.chained;
    return delivery;
  }

  /** Adds a delivery whose message is not there yet. */
  add(delivery: Delivery): void {
    const chain = this.#chainOf(delivery.messageId);
    delivery.chained = this.#chains[chain];
    this.#chains[chain] = delivery;
  }

  /** Takes a delivery out, if it is there. */
  delete(delivery: Delivery): void {
    const chain = this.#chainOf(delivery.messageId);
    let previous: Delivery | undefined;
    let each = this.#chains[chain];
    while (each && each !== delivery) {
      previous = each;
      each = each.chained;
    }
    if (!each) return;
    if (previous) previous.chained = delivery.chained;
    else this.#chains[chain] = delivery.chained;
    delivery.chained = undefined;
  }

  /** All deliveries, in no order. */
  values(): Delivery[] {
    const all: Delivery[] = [];
    for (let each of this.#chains)
      for (; each; each = each.chained) all.push(each);
    return all;
  }

  #chainOf(messageId: string): number {
    return hashOf(messageId) & (this.#chains.length - 1);
  }
}
